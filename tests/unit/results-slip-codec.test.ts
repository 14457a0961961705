import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  COMPONENT_STATUS_CODES,
  type SeriesDefinition,
  STATUS_CODES,
} from '../../service/results/definition.ts';
import { FangbangError } from '../../service/results/errors.ts';
import { makeSlipCodec } from '../../service/results/slip-codec.ts';
import {
  lastMarkCode,
  MARK_BASE,
  NOT_TAKEN,
  readMark,
  scoreOf,
  type Slip,
  statusMark,
  sumOfScores,
} from '../../service/results/slip.ts';
import { anyDefinition, anySlip, definitionWith, preset } from '../helpers/definitions.ts';
import { thrownBy } from '../helpers/thrown.ts';

const gaokao = preset('gaokao');
const codec = makeSlipCodec(gaokao);
const anyCase = anyDefinition.chain((definition) =>
  anySlip(definition).map((slip) => ({ definition, slip })),
);

/** Chinese 101, mathematics 120, foreign language 135; physics 88, chemistry 91, technology 77. */
const slip: Slip = {
  candidateNumber: '26330101000001',
  name: '林小泽',
  status: 'scored',
  marks: [107, 126, 141, 54, 57, 0, 0, 0, 0, 43],
  total: 612,
  rank: 1_234,
  flags: 0,
};

function sizeOf(change: Partial<Slip>): number {
  return codec.encode({ ...slip, ...change }).length;
}

describe('round trip', () => {
  test('what is read is what was written, for any slip of any definition', () => {
    fc.assert(
      fc.property(anyCase, ({ definition, slip: any }) => {
        const { encode, decode } = makeSlipCodec(definition);
        expect(decode(encode(any))).toEqual(any);
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  test('the same slip has the same bytes', () => {
    fc.assert(
      fc.property(anyCase, ({ definition, slip: any }) => {
        expect(makeSlipCodec(definition).encode(any)).toEqual(makeSlipCodec(definition).encode(any));
      }),
      { numRuns: 200 },
    );
  });

  test('a gaokao slip with a name of three characters takes at most 28 bytes', () => {
    expect(codec.encode(slip).length).toBeLessThanOrEqual(28);
    // With the longest number, the highest marks and the last rank.
    const marks = gaokao.components.map((c, i) => (i < 6 ? lastMarkCode(c) : NOT_TAKEN));
    const largest = { ...slip, candidateNumber: '99999999999999', marks, total: 750, rank: 999_999 };
    expect(codec.encode(largest).length).toBeLessThanOrEqual(28);
    expect(codec.decode(codec.encode(largest))).toEqual(largest);
  });

  test('a total that is the sum costs no byte', () => {
    const encoded = codec.encode(slip).length;
    expect(sumOfScores(gaokao, slip.marks)).toBe(612);
    expect(codec.encode({ ...slip, total: undefined }).length).toBe(encoded);
    expect(codec.encode({ ...slip, total: 611 }).length).toBe(encoded + 2);
  });

  test.for([
    '1',
    '000000000000001',
    '330010261100101',
    '3300102611001012',
    '33001026110010123456',
    'G12-345',
  ])('the candidate number %s keeps its zeros and letters', (candidateNumber) => {
    expect(codec.decode(codec.encode({ ...slip, candidateNumber })).candidateNumber).toBe(candidateNumber);
  });

  test('fifteen digits are packed and sixteen are not: a double holds no more', () => {
    const sizes = [14, 15, 16].map((digits) => sizeOf({ candidateNumber: '9'.repeat(digits) }));
    expect(sizes.map((size) => size - (sizes[0] ?? 0))).toEqual([0, 1, 10]);
  });

  test.for([
    '林泽',
    '阿卜杜拉·买买提江·吐尔逊',
    '𠮷野家',
    'JOHN',
    'Ñandú Œuvre',
    '张A',
    '',
    '"</script>\u0000',
    '名'.repeat(127),
    'N'.repeat(255),
  ])('the name %j is kept', (name) => {
    expect(codec.decode(codec.encode({ ...slip, name })).name).toBe(name);
  });

  test('Chinese names are kept in two bytes a character, Latin ones in one', () => {
    expect(sizeOf({ name: '林小泽' }) - sizeOf({ name: '林泽' })).toBe(2);
    expect(sizeOf({ name: 'JOHNS' }) - sizeOf({ name: 'JOHN' })).toBe(1);
    expect(sizeOf({ name: '𠮷𠮷' }) - sizeOf({ name: '𠮷' })).toBe(4);
  });

  test('marks in steps of 0.5, and more than 255 of them, are exact', () => {
    const definition = definitionWith({
      components: [
        { code: 'half', title: { zh: '半', en: 'half' }, column: '半', score: { max: 150, step: 0.5 } },
        { code: 'fine', title: { zh: '细', en: 'fine' }, column: '细', score: { max: 10, step: 0.001 } },
      ],
      total: { column: '总分', max: 160, step: 0.001 },
    });
    const { encode, decode } = makeSlipCodec(definition);
    for (const [half, fine] of [
      [0, 0],
      [149.5, 9.999],
      [150, 10],
      [0.5, 0.001],
      [63.5, 0.3],
    ] as const) {
      const marks = [MARK_BASE + half / 0.5, MARK_BASE + Math.round(fine / 0.001)];
      const total = Math.round((half + fine) * 1000) / 1000;
      const any = { ...slip, marks, total, rank: undefined };
      const read = decode(encode(any));
      expect(read).toEqual(any);
      expect(readMark(definition.components[0] ?? never(), read.marks[0] ?? 0)).toEqual({
        kind: 'score',
        score: half,
      });
      expect(readMark(definition.components[1] ?? never(), read.marks[1] ?? 0)).toEqual({
        kind: 'score',
        score: fine,
      });
      expect(sumOfScores(definition, read.marks)).toBe(total);
    }
  });

  test('the last code of one byte and the first of two are kept', () => {
    for (const max of [249, 250, 251]) {
      const definition = definitionWith({
        components: [{ code: 'a', title: { zh: '甲', en: 'A' }, column: '甲', score: { max } }],
      });
      const { encode, decode } = makeSlipCodec(definition);
      const highest = { ...slip, marks: [MARK_BASE + max], total: undefined };
      expect(decode(encode(highest))).toEqual(highest);
      expect(encode(highest).length).toBe(encode({ ...highest, marks: [0] }).length + (max === 249 ? 1 : 2));
    }
  });

  test('a slip of a definition with the most of everything is kept', () => {
    const definition = definitionWith({
      components: Array.from({ length: 64 }, (_, i) => ({
        code: `c-${i}`,
        title: { zh: '科', en: 'c' },
        column: `科${i}`,
        score: { max: 65_000 },
      })),
      total: { column: '总分', max: 2 ** 31 - 1, isSum: false },
      flags: Array.from({ length: 8 }, (_, i) => ({
        code: `f-${i}`,
        title: { zh: '标', en: 'f' },
        column: `标${i}`,
        values: { 是: true },
      })),
    });
    const { encode, decode } = makeSlipCodec(definition);
    const largest: Slip = {
      candidateNumber: 'Z'.repeat(255),
      name: '名'.repeat(127),
      status: 'failed',
      marks: definition.components.map(lastMarkCode),
      total: 2 ** 31 - 1,
      rank: 2 ** 31 - 1,
      flags: 255,
    };
    expect(decode(encode(largest))).toEqual(largest);
  });
});

describe('encode refuses what it could not give back', () => {
  const anyStatus = statusMark('absent');
  test.for<readonly [fact: string, change: Partial<Slip>]>([
    ['a mark above the last', { marks: [157] }],
    ['a mark that stands for no status', { marks: [5] }],
    ['a negative mark', { marks: [-1] }],
    ['half a mark', { marks: [10.5] }],
    ['a mark that is no number', { marks: [Number.NaN] }],
    ['more marks than components', { marks: Array.from({ length: 11 }, () => anyStatus) }],
    ['a total off its step', { total: 612.5 }],
    ['a negative total', { total: -1 }],
    ['a total that is no number', { total: Number.NaN }],
    ['a rank of 2³¹', { rank: 2 ** 31 }],
    ['a negative rank', { rank: -1 }],
    ['half a rank', { rank: 1.5 }],
    ['a flag that is not declared', { flags: 1 }],
    ['a name of 128 characters', { name: '名'.repeat(128) }],
    ['a name of 256 letters', { name: 'N'.repeat(256) }],
    ['a number of 256 letters', { candidateNumber: 'N'.repeat(256) }],
    ['half a surrogate pair in a short name', { name: 'A\ud800' }],
    ['half a surrogate pair in a Chinese name', { name: '林小泽\udc00' }],
    ['half a surrogate pair in a number', { candidateNumber: '1\ud800' }],
  ])('%s', ([, change]) => {
    expect(() => codec.encode({ ...slip, ...change })).toThrow(RangeError);
  });

  test('a total of a definition that has none', () => {
    const { encode } = makeSlipCodec(preset('xuekao'));
    expect(() => encode({ ...slip, marks: [], total: 1 })).toThrow(RangeError);
  });

  test.for(['withheld', 'misconduct', 'shielded'] as const)(
    'marks, total or rank of a slip that is %s: what is not stored cannot leak',
    (status) => {
      const bare = { ...slip, status, marks: [], total: undefined, rank: undefined };
      expect(codec.decode(codec.encode(bare)).status).toBe(status);
      expect(() => codec.encode({ ...bare, marks: [107] })).toThrow(RangeError);
      expect(() => codec.encode({ ...bare, total: 612 })).toThrow(RangeError);
      expect(() => codec.encode({ ...bare, rank: 1 })).toThrow(RangeError);
    },
  );

  test('the words hold no mark, no name and no number', () => {
    for (const change of [
      { marks: [9_157] },
      { name: '林'.repeat(200) },
      { total: 9_157.5 },
      { rank: -9_157 },
    ]) {
      const error = thrownBy(() => codec.encode({ ...slip, ...change }));
      expect(error).toBeInstanceOf(RangeError);
      expect(String(error)).not.toMatch(/9.?157|林|26330101000001/);
    }
  });
});

/** Whether the bytes have the one fault, or hold a slip that is written again as it was read. */
function isRefusedOrSound(definition: SeriesDefinition, payload: Buffer): boolean {
  const { encode, decode } = makeSlipCodec(definition);
  const error = thrownBy(() => decode(payload));
  if (error !== undefined) return error instanceof FangbangError && error.code === 'stored-data-damaged';
  const read = decode(payload);
  return isDeepStrictEqual(decode(encode(read)), read);
}

/** A slip of the minimal definition whose number is 1. */
function plain(name: Buffer, head = 0): Buffer {
  return Buffer.concat([Buffer.of(head, 1, 0x31, name.length), name]);
}

describe('decode never makes a slip of bytes that hold none', () => {
  test('any bytes are refused or read as a slip that can be written again', () => {
    fc.assert(
      fc.property(anyDefinition, fc.uint8Array({ maxLength: 80 }), (definition, bytes) => {
        expect(isRefusedOrSound(definition, Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  }, 60_000);

  test('a slip that was cut short, or has bytes behind it, is refused', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ definition, slip: any }, cut) => {
        const payload = makeSlipCodec(definition).encode(any);
        const { decode } = makeSlipCodec(definition);
        expect(() => decode(payload.subarray(0, cut % payload.length))).toThrow(FangbangError);
        expect(() => decode(Buffer.concat([payload, Buffer.of(cut)]))).toThrow(FangbangError);
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  test('a slip with any one bit flipped is refused, or is a slip that can be written again', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ definition, slip: any }, place) => {
        const payload = makeSlipCodec(definition).encode(any);
        const bit = place % (payload.length * 8);
        payload[bit >> 3] = (payload[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(isRefusedOrSound(definition, payload)).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  }, 60_000);

  const simple = makeSlipCodec(definitionWith({}));
  test.for([
    ['no byte at all', Buffer.alloc(0)],
    ['a status to come', Buffer.of(7, 1, 0x31, 0)],
    ['a name that is not UTF-8', plain(Buffer.of(0xff, 0xfe, 0x41))],
    ['a surrogate in UTF-8', plain(Buffer.of(0xed, 0xa0, 0x80))],
    ['an overlong form in UTF-8', plain(Buffer.of(0xc0, 0x80))],
    ['half a unit of UTF-16', plain(Buffer.of(0x97, 0x67, 0x41), 1 << 6)],
    ['half a surrogate pair in UTF-16', plain(Buffer.of(0x00, 0xd8), 1 << 6)],
    ['digits of no number', Buffer.of(1 << 7, 0, 0)],
    ['sixteen packed digits', Buffer.of(1 << 7, 16, 0, 0, 0, 0, 0, 0, 1, 0)],
    ['a packed number longer than it says', Buffer.of(1 << 7, 1, 99, 0)],
    ['a total where none is declared', Buffer.of(1 << 3, 1, 0x31, 0, 5)],
    ['a sum without a total', Buffer.of(1 << 4, 1, 0x31, 0)],
    ['a rank of five full bytes', Buffer.of(1 << 5, 1, 0x31, 0, 0xff, 0xff, 0xff, 0xff, 0x7f)],
    ['a rank that does not end', Buffer.of(1 << 5, 1, 0x31, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
  ] as const)('%s', ([, payload]) => {
    expect(() => simple.decode(payload)).toThrow(FangbangError);
  });

  test('U+FFFD in a name is a character like others', () => {
    const name = 'A\uFFFDB';
    expect(simple.decode(simple.encode({ ...slip, name, marks: [], total: undefined })).name).toBe(name);
  });

  test('mask bits of no component, marks of no code, flags of no flag', () => {
    const { encode, decode } = makeSlipCodec(preset('cet'));
    const payload = encode({ ...slip, marks: [16], total: 10, rank: undefined, flags: 1 });
    const maskAt = 1 + 1 + 6 + 1 + 6;
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(payload);
      expect(at).toBeLessThan(copy.length);
      copy[at] = value;
      return copy;
    };
    expect(decode(payload).marks).toEqual([16, 0, 0, 0]);
    expect(() => decode(changed(maskAt, 0b1_0001))).toThrow(FangbangError);
    for (const mark of [0, 5]) expect(() => decode(changed(maskAt + 1, mark))).toThrow(FangbangError);
    expect(() => decode(changed(payload.length - 1, 2))).toThrow(FangbangError);
  });

  test('stored marks of a slip that shows none', () => {
    const payload = codec.encode(slip);
    payload[0] = ((payload[0] ?? 0) & ~7) | STATUS_CODES.indexOf('shielded');
    expect(() => codec.decode(payload)).toThrow(FangbangError);
  });
});

describe('a stored slip', () => {
  const numbers = fc.oneof(
    fc.stringMatching(/^[0-9]{1,18}$/),
    fc.stringMatching(/^[A-Z0-9]{1,18}$/),
    fc.string({ minLength: 1, maxLength: 20 }),
  );

  test('knows its candidate number from any other', () => {
    fc.assert(
      fc.property(numbers, numbers, (candidateNumber, other) => {
        const stored = codec.read(codec.encode({ ...slip, candidateNumber }));
        expect(stored.isOf(candidateNumber)).toBe(true);
        expect(stored.isOf(other)).toBe(other === candidateNumber);
        for (const near of [`0${candidateNumber}`, `${candidateNumber}0`, candidateNumber.slice(1)])
          expect(stored.isOf(near)).toBe(false);
      }),
      {
        numRuns: 500,
        examples: [
          ['0', '00'],
          ['20', '1:'],
          ['10', '2&'],
          ['1', ' 1'],
        ],
      },
    );
  });

  test('writes number and name as JSON has them', () => {
    fc.assert(
      fc.property(numbers, fc.string({ unit: 'grapheme', maxLength: 20 }), (candidateNumber, name) => {
        const out = Buffer.alloc(1_000);
        const stored = codec.read(codec.encode({ ...slip, candidateNumber, name }));
        expect(out.toString('utf8', 3, stored.writeNumber(out, 3))).toBe(JSON.stringify(candidateNumber));
        expect(out.toString('utf8', 5, stored.writeName(out, 5))).toBe(JSON.stringify(name));
      }),
      {
        numRuns: 500,
        examples: [
          ['01', '欧阳"𠮷'],
          ['1', '林\u0007'],
          ['1', 'é"'],
          ['1', ''],
        ],
      },
    );
  });
});

describe('mark codes', () => {
  test('each component status has its code, below the marks', () => {
    for (const [i, status] of COMPONENT_STATUS_CODES.entries()) {
      expect(statusMark(status)).toBe(i + 1);
      expect(statusMark(status)).toBeLessThan(MARK_BASE);
      for (const component of gaokao.components)
        expect(readMark(component, statusMark(status))).toEqual({ kind: 'status', status });
    }
  });

  test('a code that the component does not have is a fault that does not say it', () => {
    for (const component of gaokao.components) {
      for (const code of [5, lastMarkCode(component) + 1, 9_157]) {
        expect(() => readMark(component, code)).toThrow(`component ${component.code} has no such mark code`);
      }
    }
  });

  test('a score has no binary fraction at its end', () => {
    fc.assert(
      fc.property(fc.constantFrom(0.1, 0.3, 0.7, 0.001, 0.5), fc.nat({ max: 60_000 }), (step, n) => {
        expect(String(scoreOf({ min: 0, step }, MARK_BASE + n))).toMatch(/^\d+(?:\.\d{1,3})?$/);
      }),
    );
  });

  test('statuses and marks that are in stored batches keep their codes: appended to, never changed', () => {
    expect(STATUS_CODES).toEqual([
      'scored',
      'absent',
      'withheld',
      'misconduct',
      'shielded',
      'passed',
      'failed',
    ]);
    expect(COMPONENT_STATUS_CODES).toEqual(['absent', 'exempt', 'misconduct', 'withheld']);
    expect(MARK_BASE).toBe(6);
    // Bytes of a batch that was loaded before.
    expect(codec.encode(slip).toString('hex')).toBe(GAOKAO_SLIP);
  });
});

const GAOKAO_SLIP = 'f80e17f2745127410697670f5cfd6c1f026b7e8d36392bd209';

function never(): never {
  throw new Error('no such component');
}
