import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Interrupted } from '../../loader-cli/exit-codes.ts';
import { askHidden } from '../../loader-cli/hidden-input.ts';

interface Keyboard {
  readonly ask: (prompts: readonly string[], signal?: AbortSignal) => Promise<string[]>;
  readonly type: (text: string) => void;
  readonly end: () => void;
  readonly seen: () => string;
}

function keyboard(isTerminal: boolean): Keyboard {
  const stdin = Object.assign(new PassThrough(), { isTTY: isTerminal, setRawMode: () => stdin });
  const stderr = new PassThrough();
  let seen = '';
  stderr.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  return {
    ask: (prompts, signal = new AbortController().signal) =>
      askHidden(
        {
          stdin: stdin as unknown as NodeJS.ReadStream,
          stderr: stderr as unknown as NodeJS.WriteStream,
          signal,
        },
        prompts,
      ),
    type: (text) => stdin.write(text),
    end: () => stdin.end(),
    seen: () => seen,
  };
}

describe('on a terminal', () => {
  it('what is typed is read, with its corrections, and never shown', async () => {
    const keys = keyboard(true);
    const asked = keys.ask(['准考证号', '姓名']);
    keys.type('2633\u007F\u007F3\r');
    keys.type('林泽\r');
    expect(await asked).toEqual(['263', '林泽']);
    expect(keys.seen()).toBe('准考证号: \n姓名: \n');
  });

  it('Ctrl-C interrupts', async () => {
    const keys = keyboard(true);
    const asked = keys.ask(['准考证号', '姓名']);
    keys.type('263\u0003');
    await expect(asked).rejects.toBeInstanceOf(Interrupted);
    expect(keys.seen()).toBe('准考证号: ');
  });
});

describe('without a terminal', () => {
  it.each([
    ['LF', '263\n林泽\n'],
    ['CRLF', '263\r\n林泽\r\n'],
    ['no end of the last line', '263\n林泽'],
    ['more lines than asked for', '263\n林泽\nmore\n'],
  ])('lines are read with %s, and no prompt is shown', async (_, text) => {
    const keys = keyboard(false);
    keys.type(text);
    keys.end();
    expect(await keys.ask(['a', 'b'])).toEqual(['263', '林泽']);
    expect(keys.seen()).toBe('');
  });

  it('an input that ends early gives what there is', async () => {
    const keys = keyboard(false);
    keys.type('263\n');
    keys.end();
    expect(await keys.ask(['a', 'b'])).toEqual(['263']);
  });
});

it('a signal ends the asking', async () => {
  const keys = keyboard(true);
  const controller = new AbortController();
  const asked = keys.ask(['a'], controller.signal);
  controller.abort(new Interrupted('SIGTERM'));
  await expect(asked).rejects.toMatchObject({ exitCode: 143 });
});
