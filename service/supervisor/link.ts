/**
 * An instance's side of the channel to its supervisor.
 *
 * Failure policy: when the channel breaks the supervisor is gone, and the instance stops in its orderly way, so
 * that none is left behind. What cannot be said any more is dropped.
 */
import type { Answers, FromInstance, ToInstance } from './messages.ts';

export interface LinkOptions {
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<Answers['metrics']>;
}

export interface SupervisorLink {
  /** Resolves when the port is to be opened: not before the instance is ready, unless nobody else is there. */
  readonly toldToListen: Promise<void>;
  readonly listening: (port: number) => void;
  /** What to do when it is told to stop or the supervisor is gone; until it is given, the process just ends. */
  readonly onStop: (stop: (why: string) => void) => void;
  /** Hands over what was counted; the last thing before the end. */
  readonly ended: () => Promise<void>;
}

/** @param channel the process, started with a channel. */
export function linkToSupervisor(
  channel: Pick<NodeJS.Process, 'on' | 'exit' | 'connected'> & { send?: NodeJS.Process['send'] },
  { notReady, metrics }: LinkOptions,
): SupervisorLink {
  const { promise: toldToListen, resolve: listen } = Promise.withResolvers<void>();
  let stop = (_why: string): void => channel.exit(0);
  const say = (message: FromInstance): Promise<void> =>
    new Promise((said) => {
      if (channel.connected && channel.send !== undefined)
        channel.send(message, undefined, undefined, () => said());
      else said();
    });
  const hear = async (message: ToInstance): Promise<void> => {
    if (message.kind === 'listen') listen();
    else if (message.kind === 'stop') stop('told by the supervisor');
    else {
      const answer = message.what === 'notReady' ? (notReady() ?? null) : await metrics();
      await say({ kind: 'answer', id: message.id, answer });
    }
  };
  channel.on('message', (message: unknown) => void hear(message as ToInstance));
  channel.on('disconnect', () => stop('the supervisor is gone'));
  return {
    toldToListen,
    listening: (port) => void say({ kind: 'listening', port }),
    onStop: (doStop) => {
      stop = doStop;
    },
    ended: async () => say({ kind: 'ended', metrics: await metrics() }),
  };
}
