/**
 * Progress of long verbs.
 */
import { SingleBar } from 'cli-progress';
import type { Voice } from './output.ts';

export interface Progress {
  /** @param count how many more are done. */
  advance(count: number): void;
  /** Ends the bar and leaves its last state on the screen. */
  done(): void;
}

const SILENT: Progress = { advance: () => {}, done: () => {} };

/** A bar with rate and time left on a terminal's standard error; nothing elsewhere, so that logs stay readable. */
export function startProgress(voice: Voice, label: string, total: number | undefined): Progress {
  if (!voice.stderr.isTTY) return SILENT;
  const startedAtMs = performance.now();
  const bar = new SingleBar({
    stream: voice.stderr,
    format:
      total === undefined
        ? `${label}  {value}  {rate}/s`
        : `${label}  {bar}  {percentage}%  {value}/{total}  {rate}/s  {eta_formatted} left`,
    etaBuffer: 50,
    // Before the rate is known it is asked for words such as INF, which the built-in one cuts.
    formatTime: (seconds) => (Number.isFinite(seconds) ? showDuration(seconds) : '…'),
    fps: 5,
    hideCursor: true,
    gracefulExit: false,
  });
  let value = 0;
  bar.start(total ?? 0, 0, { rate: 0 });
  voice.showBar(bar);
  return {
    advance: (count) => {
      value += count;
      bar.update(value, { rate: Math.round((value * 1000) / (performance.now() - startedAtMs)) });
    },
    done: () => voice.endBar(),
  };
}

/** 75 → 1:15 */
function showDuration(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.ceil(seconds) % 60).padStart(2, '0')}`;
}
