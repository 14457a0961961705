import { expect, test } from 'vitest';
import type { LogFields } from '../../service/lookup/observer.ts';
import { AnswerWatch } from '../../service/http/answer-watch.ts';
import { problemAnswer } from '../../service/http/problems.ts';
import { refuseConnection } from '../../service/http/request-faults.ts';
import { makeAnswerKind, wholeBody } from '../../service/http1/answer.ts';

function watching(): {
  watch: AnswerWatch;
  lines: LogFields[];
  counted: number[];
  clock: { nowMs: number };
} {
  const lines: LogFields[] = [];
  const counted: number[] = [];
  const clock = { nowMs: 0 };
  const note = (_message: string, fields: LogFields = {}): void => void lines.push(fields);
  const watch = new AnswerWatch({
    log: { debug: note, info: note, warn: note, error: note },
    onServerError: (status) => counted.push(status),
    nowMs: () => clock.nowMs,
  });
  return { watch, lines, counted, clock };
}

test('a 503 is logged with the request id that its body has, and counted', () => {
  const { watch, lines, counted } = watching();
  const answer = problemAnswer('temporarily-unavailable');
  watch.seen(answer);
  const { requestId } = JSON.parse(Buffer.from(wholeBody(answer.body)).toString()) as { requestId: string };
  expect(requestId).toMatch(/^[0-9a-f]{16}$/);
  expect(lines).toEqual([{ requestId }]);
  expect(counted).toEqual([503]);
});

test('a 500 is counted and not logged: it has been', () => {
  const { watch, lines, counted } = watching();
  watch.seen(problemAnswer('internal-error'));
  expect([lines, counted]).toEqual([[], [500]]);
});

test('what is the fault of who asks is neither logged nor counted, an unknown HTTP included', () => {
  const { watch, lines, counted } = watching();
  watch.seen({ kind: makeAnswerKind(200, {}), changing: {}, body: '{}' });
  watch.seen(problemAnswer('candidate-not-found'));
  watch.seen(problemAnswer('too-many-attempts'));
  for (const status of [501, 505] as const) watch.seen(refuseConnection(status));
  expect([lines, counted]).toEqual([[], []]);
});

test('of a flood 20 lines a second are logged, and the next says how many were not', () => {
  const { watch, lines, counted, clock } = watching();
  for (let i = 0; i < 1_000; i += 1) watch.seen(problemAnswer('overloaded'));
  expect(lines).toHaveLength(20);
  clock.nowMs = 999;
  watch.seen(problemAnswer('overloaded'));
  expect(lines).toHaveLength(20);
  clock.nowMs = 1_000;
  watch.seen(problemAnswer('overloaded'));
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)?.count).toBe(981);
  expect(counted).toHaveLength(1_002);
});
