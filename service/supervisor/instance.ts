/**
 * One instance of the service, as the supervisor sees it: a child in a session of its own, so that Ctrl-C in
 * the terminal reaches the supervisor alone and instances are stopped in order.
 *
 * Failure policy: a question that is not answered within a second has the answer undefined, so that a frozen
 * instance holds nothing up. One that does not end in time is killed.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Answers, FromInstance, Snapshot, ToInstance } from './messages.ts';
import { SUPERVISED } from './messages.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

const ANSWER_WITHIN_MS = 1_000;
/** Draining takes 0.6 s, what is under way at most 5 s more (service/host.ts), closing the stores some more. */
const STOP_WITHIN_MS = 10_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Instance {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Resolves to the port when it listens; never when it ends before. */
  readonly listening: Promise<number>;
  readonly bornAtMs = performance.now();
  readonly #child: ChildProcess;
  readonly #questions = new Map<number, (answer: Answers[keyof Answers] | undefined) => void>();
  #lastId = 0;
  #isListening = false;
  #isStopping = false;
  #hasEnded = false;
  #lastMetrics: Snapshot | undefined;

  /** Starts it; it is told by `listen` when to open its port. @param env its whole environment. */
  constructor(env: NodeJS.ProcessEnv) {
    // The runtime's own flags, such as Bun's against .env files, are handed on.
    this.#child = spawn(process.execPath, [...process.execArgv, MAIN, SUPERVISED], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env,
    });
    this.pid = this.#child.pid ?? 0;
    const { promise: listening, resolve: isListening } = Promise.withResolvers<number>();
    const { promise: exited, resolve: hasExited } = Promise.withResolvers<Exit>();
    this.listening = listening;
    this.exited = exited;
    this.#child.on('message', (message: unknown) => {
      const said = message as FromInstance;
      if (said.kind === 'listening') {
        this.#isListening = true;
        isListening(said.port);
      } else if (said.kind === 'ended') this.#lastMetrics = said.metrics;
      else this.#questions.get(said.id)?.(said.answer);
    });
    const end = (exit: Exit): void => {
      this.#hasEnded = true;
      for (const give of this.#questions.values()) give(undefined);
      hasExited(exit);
    };
    // Its last words may come after its exit: `close` waits for the channel, too.
    this.#child.once('close', (code, signal) => end({ code, signal }));
    this.#child.once('error', () => {
      if (this.#child.pid === undefined) end({ code: 1, signal: null });
    });
  }

  /** Whether connections come to it. */
  get isListening(): boolean {
    return this.#isListening && !this.#isStopping && !this.#hasEnded;
  }

  get wasListening(): boolean {
    return this.#isListening;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Its counts when it last told them. */
  get lastMetrics(): Snapshot | undefined {
    return this.#lastMetrics;
  }

  listen(): void {
    this.#say({ kind: 'listen' });
  }

  /** Why it is not ready, null when it is; undefined when it does not answer. */
  async notReady(): Promise<string | null | undefined> {
    return (await this.#ask('notReady')) as Answers['notReady'] | undefined;
  }

  /** undefined when it does not answer. */
  async metrics(): Promise<Snapshot | undefined> {
    const metrics = (await this.#ask('metrics')) as Snapshot | undefined;
    if (metrics !== undefined) this.#lastMetrics = metrics;
    return metrics;
  }

  /** Lets it finish what is under way; resolves when it is gone. Harmless the second time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#say({ kind: 'stop' });
    const waiting = new AbortController();
    const late = sleep(STOP_WITHIN_MS, undefined, { signal: waiting.signal }).then(
      () => this.kill(),
      () => {},
    );
    await Promise.race([this.exited, late]);
    waiting.abort();
    await this.exited;
  }

  kill(): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
  }

  #say(message: ToInstance): void {
    // A channel that has just broken: its end is seen by `exited`.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  async #ask(what: keyof Answers): Promise<Answers[keyof Answers] | undefined> {
    if (this.#hasEnded || !this.#child.connected) return undefined;
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Answers[keyof Answers] | undefined>();
    this.#questions.set(id, resolve);
    const timer = setTimeout(resolve, ANSWER_WITHIN_MS, undefined);
    this.#say({ kind: 'ask', id, what });
    const answer = await promise;
    clearTimeout(timer);
    this.#questions.delete(id);
    return answer;
  }
}
