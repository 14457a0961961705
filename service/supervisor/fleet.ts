/**
 * As many instances as were asked for, all on one port: started, started again when they end, and exchanged one
 * by one.
 *
 * Failure policy: while one instance serves, whatever happens to the others is logged and tried again, at most
 * every 10 s; so a configuration that was broken on the disk since takes nobody out of service. When none is
 * left and a new one refuses to start (exit code 1 or 2, before it listened), all ends with that code.
 * An exchange whose new instance does not get ready within a minute is given up; the old ones stay.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#lookup/observer.ts';
import type { Exit, Instance } from './instance.ts';
import { Totals } from './totals.ts';

const LOOK_EVERY_MS = 50;
const ROLL_WITHIN_MS = 60_000;
/** One that lived so long did not fail at its start: it is started again at once. */
const LIVED_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

interface Slot {
  instance: Instance;
  /** Ends soon after the start, in a row. */
  failures: number;
  isRolling: boolean;
}

export interface FleetOptions {
  readonly count: number;
  /** 0 for the first: it takes any free port, which is the others', too. */
  readonly port: number;
  readonly spawn: (port: number) => Instance;
  readonly log: Logger;
}

export class Fleet {
  /** Resolves to an exit code when it cannot go on. */
  readonly failed: Promise<number>;
  readonly totals = new Totals();
  readonly #options: FleetOptions;
  readonly #slots: Slot[] = [];
  /** With those that come and go. */
  readonly #all = new Set<Instance>();
  readonly #fail: (code: number) => void;
  readonly #stopping = new AbortController();
  #port: number;
  #restarts = 0;
  #rolling: Promise<void> | undefined;
  #rollAgain = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#port = options.port;
    ({ promise: this.failed, resolve: this.#fail } = Promise.withResolvers<number>());
  }

  get instances(): readonly Instance[] {
    return [...this.#all];
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves to the port when the first listens; the others follow as they get ready. */
  async start(): Promise<number> {
    this.#port = await this.#portOf(this.#fill());
    for (let n = 1; n < this.#options.count; n += 1) this.#fill();
    return this.#port;
  }

  /** Exchanges all, one by one; asked again in the middle, once more. */
  async roll(): Promise<void> {
    if (this.#rolling !== undefined) {
      this.#rollAgain = true;
      return this.#rolling;
    }
    this.#rolling = this.#rollAll();
    await this.#rolling;
    this.#rolling = undefined;
    if (this.#rollAgain) {
      this.#rollAgain = false;
      await this.roll();
    }
  }

  /** Drains and ends all. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  kill(): void {
    for (const instance of this.#all) instance.kill();
  }

  #fill(): Slot {
    const slot: Slot = { instance: this.#spawn(), failures: 0, isRolling: false };
    this.#slots.push(slot);
    this.#keep(slot);
    return slot;
  }

  /** Of whichever instance in this slot listens first: one that is killed before has a successor, or `failed` says so. */
  async #portOf(slot: Slot): Promise<number> {
    for (;;) {
      const { instance } = slot;
      const port = await Promise.race([instance.listening, instance.exited.then(() => undefined)]);
      if (port !== undefined) return port;
      while (slot.instance === instance) await sleep(LOOK_EVERY_MS, undefined, { ref: false });
    }
  }

  #spawn(): Instance {
    const instance = this.#options.spawn(this.#port);
    this.#all.add(instance);
    void this.#forget(instance);
    return instance;
  }

  /** At its end: first of all that wait for it, so that it is counted once, among the living or the ended. */
  async #forget(instance: Instance): Promise<void> {
    await instance.exited;
    this.#all.delete(instance);
    this.totals.keep(instance.lastMetrics);
  }

  /** Lets the slot's instance into service and looks after its end. */
  #keep(slot: Slot): void {
    const { instance } = slot;
    void this.#open(instance, Number.POSITIVE_INFINITY);
    void instance.exited.then((exit) => this.#ended(slot, instance, exit));
  }

  /** Lets it listen as soon as it is ready, or at once when nobody else does. @returns whether it listens. */
  async #open(instance: Instance, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!instance.hasEnded && !this.#stopping.signal.aborted && performance.now() < deadline) {
      const isAlone = !this.instances.some((other) => other !== instance && other.isListening);
      if (isAlone || (await instance.notReady()) === null) {
        instance.listen();
        await Promise.race([instance.listening, instance.exited]);
        return instance.isListening;
      }
      await sleep(LOOK_EVERY_MS);
    }
    return false;
  }

  async #ended(slot: Slot, instance: Instance, { code, signal }: Exit): Promise<void> {
    if (this.#stopping.signal.aborted || slot.instance !== instance) return;
    const { log } = this.#options;
    log.error('an instance has ended', {
      process: instance.pid,
      ...(code === null ? {} : { exitCode: code }),
      ...(signal === null ? {} : { signal }),
    });
    if (slot.isRolling) return;
    const refused = !instance.wasListening && code !== null && code !== 0;
    if (!this.instances.some((other) => other.isListening) && (refused || this.#port === 0)) {
      this.#fail(code ?? 1);
      return;
    }
    await this.#startAgain(slot);
  }

  async #startAgain(slot: Slot): Promise<void> {
    const lived = performance.now() - slot.instance.bornAtMs >= LIVED_MS;
    slot.failures = lived ? 0 : slot.failures + 1;
    const pauseMs =
      slot.failures < 2 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (slot.failures - 2));
    await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    if (this.#stopping.signal.aborted) return;
    this.#restarts += 1;
    slot.instance = this.#spawn();
    this.#keep(slot);
  }

  async #rollAll(): Promise<void> {
    for (const slot of this.#slots) {
      if (this.#stopping.signal.aborted) return;
      // One that is being started is new by itself.
      if (!slot.instance.isListening) continue;
      if (!(await this.#rollOne(slot))) return;
    }
    this.#options.log.info('all instances are new', { count: this.#slots.length });
  }

  /** @returns whether to go on. */
  async #rollOne(slot: Slot): Promise<boolean> {
    const old = slot.instance;
    slot.isRolling = true;
    const next = this.#spawn();
    const isOpen = await this.#open(next, ROLL_WITHIN_MS);
    if (!isOpen && !this.#stopping.signal.aborted) {
      this.#options.log.error('a new instance did not get ready: the old ones stay', { process: next.pid });
      await next.stop();
    }
    // Until here an end of the old one is none of `#ended`.
    slot.isRolling = false;
    if (this.#stopping.signal.aborted) return false;
    if (!isOpen) {
      if (old.hasEnded) await this.#startAgain(slot);
      return false;
    }
    slot.instance = next;
    slot.failures = 0;
    void next.exited.then((exit) => this.#ended(slot, next, exit));
    await old.stop();
    return true;
  }
}
