/**
 * @module Whole files: encodings, line ends, delimiters, headers, archives, and what is refused.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readOfficialFiles } from '../../loader-cli/pipeline/read-official-files.ts';
import {
  fileText,
  GAOKAO,
  gb18030,
  HEADER,
  readBytes,
  refusalOf,
  ROWS,
} from '../fixtures/files/small-file.ts';

const EXAMPLE = fileURLToPath(new URL('../fixtures/official-gaokao-example.gb18030.csv', import.meta.url));

function utf16(text: string, isBig: boolean): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
}

const MARK = '\uFEFF';
const ENCODED: readonly [what: string, bytes: Buffer, encoding: string][] = [
  ['UTF-8', Buffer.from(fileText()), 'utf-8'],
  ['UTF-8 with a mark', Buffer.from(MARK + fileText()), 'utf-8'],
  ['UTF-8 with two marks', Buffer.from(MARK + MARK + fileText()), 'utf-8'],
  [
    'UTF-8 with a mark before a quoted header',
    Buffer.from(MARK + fileText().replace('准考证号', '"准考证号"')),
    'utf-8',
  ],
  ['GB18030', gb18030(fileText()), 'gb18030'],
  [
    'GB18030 with a mark',
    Buffer.concat([Buffer.from([0x84, 0x31, 0x95, 0x33]), gb18030(fileText())]),
    'gb18030',
  ],
  ['UTF-16 LE with a mark', utf16(MARK + fileText(), false), 'utf-16le'],
  ['UTF-16 BE with a mark', utf16(MARK + fileText(), true), 'utf-16be'],
  ['CRLF', gb18030(fileText(ROWS, '\r\n')), 'gb18030'],
  ['CRLF and LF mixed', gb18030(fileText().replace('\n', '\r\n')), 'gb18030'],
  ['no line end at the end', gb18030(fileText().trimEnd()), 'gb18030'],
  ['tabs', gb18030(fileText().replaceAll(',', '\t')), 'gb18030'],
  ['semicolons', gb18030(fileText().replaceAll(',', ';')), 'gb18030'],
  ['everything in quotes', gb18030(fileText().replace(/[^,\n]+/g, '"$&"')), 'gb18030'],
  ['spaces in the header', Buffer.from(fileText(ROWS, '\n', HEADER.replace('姓名', ' 姓 名 '))), 'utf-8'],
  ['a gzip archive', gzipSync(gb18030(fileText())), 'gb18030'],
];

describe('a file', () => {
  test.each(ENCODED)('in %s gives the same rows and checksum', async (_what, bytes, encoding) => {
    const plain = await readBytes([fileText()]);
    const { report, accepted, rejects } = await readBytes([bytes]);
    expect(rejects).toEqual([]);
    expect(accepted).toEqual(plain.accepted);
    expect(accepted.map((row) => row.slip.name)).toEqual(['林泽', '许𠮷', '邓文可', '阿依古丽·买买提']);
    expect(report.checksum).toEqual(plain.report.checksum);
    expect(report.files).toEqual([
      { name: 'file1.csv', encoding, sha256: createHash('sha256').update(bytes).digest('hex'), lines: 5 },
    ]);
  });

  test('with its columns in another order gives the same checksum', async () => {
    const turned = fileText()
      .trimEnd()
      .split('\n')
      .map((line) => line.split(',').toReversed().join(','));
    const { report } = await readBytes([turned.join('\n')]);
    expect(report.checksum).toEqual((await readBytes([fileText()])).report.checksum);
  });

  test('with its rows in another order gives the same checksum', async () => {
    const { report } = await readBytes([fileText(ROWS.toReversed())]);
    expect(report.checksum).toEqual((await readBytes([fileText()])).report.checksum);
  });

  test('with one mark changed gives another checksum', async () => {
    const { report } = await readBytes([fileText().replace('103,102', '102,103')]);
    expect(report.rows.accepted).toBe(4);
    expect(report.checksum).not.toEqual((await readBytes([fileText()])).report.checksum);
  });

  test('that comes in pieces of any size gives the same rows', async () => {
    const bytes = utf16(MARK + fileText(), true);
    const plain = await readBytes([bytes]);
    for (const size of [1, 2, 3, 7, 64]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const report = await readOfficialFiles(['-'], GAOKAO, { stdin: Readable.from(pieces) });
      expect(report.checksum).toEqual(plain.report.checksum);
    }
  });

  test('may be several, a file per prefecture', async () => {
    const { report, accepted } = await readBytes([
      fileText(ROWS.slice(0, 2)),
      gb18030(fileText(ROWS.slice(2))),
    ]);
    expect(accepted.map(({ file, line }) => [file, line])).toEqual([
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
    ]);
    expect(report.files.map((file) => file.encoding)).toEqual(['utf-8', 'gb18030']);
    expect(report.checksum).toEqual((await readBytes([fileText()])).report.checksum);
  });
});

describe('the example file', () => {
  test('has 5,000 candidates, and no row is rejected or changed', async () => {
    const { report } = await readBytes([readFileSync(EXAMPLE)]);
    expect(report.rows).toEqual({ read: 5000, accepted: 5000, rejected: 0, skipped: 0 });
    expect(report.normalisations).toEqual({});
    expect(report.files[0]?.encoding).toBe('gb18030');
  });

  test('in UTF-8 with a mark gives the same report and checksum', async () => {
    const { report } = await readBytes([readFileSync(EXAMPLE)]);
    const text = new TextDecoder('gb18030', { fatal: true }).decode(readFileSync(EXAMPLE));
    const converted = await readBytes([MARK + text]);
    const { files: _1, ...expected } = report;
    const { files: _2, ...found } = converted.report;
    expect(found).toEqual(expected);
    expect(converted.report.files[0]?.encoding).toBe('utf-8');
  });
});

const UTF8 = Buffer.from(fileText());
function damaged(at: string, bytes: readonly number[], encode: (text: string) => Buffer): Buffer {
  const text = fileText();
  const place = text.indexOf(at);
  return Buffer.concat([encode(text.slice(0, place)), Buffer.from(bytes), encode(text.slice(place))]);
}

const REFUSED: readonly [what: string, bytes: Buffer | string, says: RegExp][] = [
  ['is empty', '', /the file is empty/],
  [
    'has a byte that is neither UTF-8 nor GB18030',
    damaged('邓文可', [0xff], gb18030),
    /line 4: the encoding cannot be told[^]*not UTF-8: line 1[^]*not GB18030[^]*line 4/,
  ],
  ['is UTF-16 without a mark', utf16(fileText(), false), /NUL byte[^]*UTF-16 without a byte-order mark/],
  ['has CR alone for line ends', fileText(ROWS, '\r'), /lines end in CR alone/],
  ['lacks a column', fileText().replaceAll(/,[^,\n]*\n/g, '\n'), /the column 位次 is missing/],
  [
    'has an unknown column',
    fileText(ROWS, '\n', HEADER.replace('技术', '体育')),
    /column 13 is unknown: 体育\n.*技术 is missing/,
  ],
  [
    'has a column without a name in the middle',
    fileText(ROWS, '\n', HEADER.replace('技术', '')),
    /column 13 is unknown: \(no name\)/,
  ],
  [
    'has a column twice',
    fileText(ROWS, '\n', HEADER.replace('技术', '语文')),
    /the column 语文 is there twice/,
  ],
  [
    'has an unclosed quote in the header',
    fileText(ROWS, '\n', HEADER.replace('技术', '"技术')),
    /the header has 0 of the definition’s 15 columns/,
  ],
  [
    'is a gzip archive cut off',
    gzipSync(gb18030(fileText())).subarray(0, 100),
    /gzip archive is damaged or cut off/,
  ],
  ['is an Excel workbook', Buffer.from('PK\u0003\u0004abcdefgh'), /an Excel workbook or an archive/],
  [
    'has a line of more than 4 MB',
    `${HEADER}\n${'9'.repeat(5 * 1024 * 1024)}`,
    /line 2: the line is longer than 4 MB/,
  ],
];

const LINE_4_DAMAGED: readonly [what: string, bytes: Buffer, code: string][] = [
  [
    'has an invalid byte in a file with a mark of UTF-8',
    Buffer.concat([Buffer.from(MARK), damaged('邓文可', [0xff], (text) => Buffer.from(text))]),
    'invalid-byte',
  ],
  ['ends within a character', UTF8.subarray(0, UTF8.indexOf('邓') + 1), 'truncated-line'],
  ['has a NUL', damaged('邓文可', [0], gb18030), 'nul-byte'],
  ['has a NUL in UTF-16', utf16(MARK + fileText().replace('邓', '\0邓'), false), 'nul-byte'],
  [
    'has half a surrogate pair in UTF-16',
    utf16(MARK + fileText().replace('邓', '\uD842邓'), true),
    'invalid-byte',
  ],
];

describe('of a file only the line is rejected that', () => {
  test.each(LINE_4_DAMAGED)('%s', async (_what, bytes, code) => {
    const { report, accepted, rejects } = await readBytes([bytes]);
    expect(rejects).toMatchObject([{ line: 4, code, column: undefined, candidateNumber: undefined }]);
    expect(accepted.map((row) => row.line)).toEqual(report.lines === 4 ? [2, 3] : [2, 3, 5]);
    expect(report.rows.read).toBe(report.lines - 1);
  });

  const many = Array.from({ length: 50 }, () => ROWS).flat();

  test('is damaged, when all the others tell the encoding', async () => {
    const lines = fileText(many).split('\n').map(gb18030);
    const bytes = Buffer.concat(
      lines.flatMap((line, i) => [line, ...(i === 7 ? [Buffer.from([0xff])] : []), Buffer.from('\n')]),
    );
    const { report, rejects } = await readBytes([bytes]);
    expect(report.files[0]?.encoding).toBe('gb18030');
    expect(rejects.filter(({ code }) => code === 'invalid-byte').map(({ line }) => line)).toEqual([8]);
  });

  test('is no text, but not when there are many of them', async () => {
    const bytes = Buffer.from(MARK + fileText(many));
    for (let at = bytes.indexOf('文可'); at !== -1; at = bytes.indexOf('文可', at + 1)) bytes[at] = 0xff;
    expect(await refusalOf(bytes)).toMatch(/line 4: there are invalid bytes here and in 49 more lines/);
  });

  test('is no text, but not when it is of another encoding: others would pass with other names', async () => {
    const bytes = Buffer.concat([gb18030(fileText(many)), Buffer.from(ROWS[2]), Buffer.from('\n')]);
    expect(await refusalOf(bytes)).toMatch(/line 202: the line is UTF-8, those before it are GB18030/);
  });
});

describe('a file is refused whole when it', () => {
  test.each(REFUSED)('%s', async (_what, bytes, says) => {
    expect(await refusalOf(bytes)).toMatch(says);
  });

  test('has no header, and nothing of its first line is quoted', async () => {
    const refusal = await refusalOf(`${ROWS[0]}\n${ROWS[1]}\n`);
    expect(refusal).toMatch(/line 1: the header has 0 of the definition’s 15 columns/);
    expect(refusal).not.toMatch(/林泽|33020320080917982X|103/);
  });

  test('is not there', async () => {
    await expect(readOfficialFiles(['/nowhere/results.csv'], GAOKAO)).rejects.toMatchObject({
      code: 'file-refused',
      message: 'results.csv cannot be read (ENOENT)',
    });
  });

  test('is a folder', async () => {
    await expect(readOfficialFiles(['/'], GAOKAO)).rejects.toMatchObject({ code: 'file-refused' });
  });
});
