/**
 * @module The official account's formats: signature, encrypted mode, XML. The vectors are those of
 * Tencent's own sample (WXBizMsgCrypt, Sample.py).
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeCipher } from '../../service/wechat/cipher.ts';
import { Memory } from '../../service/wechat/memory.ts';
import { MENU_KEY, wishOf } from '../../service/wechat/message.ts';
import { isSigned, sign } from '../../service/wechat/signature.ts';
import { cdata, readXml } from '../../service/wechat/xml.ts';

const TOKEN = 'spamtest';
const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const APP_ID = 'wx2c2769f8efd9abc2';
const ENCRYPTED =
  'hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=';

describe('a signature', () => {
  it('is Tencent’s of Tencent’s sample', () => {
    expect(sign(TOKEN, '1409735669', '1320562132')).toBe('16120ec1b8dbb870f510d87ce6bc2463eae6ca1a');
    expect(
      isSigned('5d197aaffba7e9b25a30732f161a50dee96bd5fa', TOKEN, '1409735669', '1320562132', ENCRYPTED),
    ).toBe(true);
  });

  it('that is missing, cut, longer or of another part is wrong', () => {
    const right = sign(TOKEN, '1', '2');
    const wrong = [undefined, '', right.slice(1), `${right}0`, right.toUpperCase(), sign(TOKEN, '1', '3')];
    for (const signature of wrong) expect(isSigned(signature, TOKEN, '1', '2')).toBe(false);
    expect(isSigned(sign('other', '1', '2'), TOKEN, '1', '2')).toBe(false);
  });
});

describe('an encrypted message', () => {
  const cipher = makeCipher(AES_KEY, APP_ID);

  it('of Tencent’s sample is read', () => {
    const message = readXml(cipher.decrypt(ENCRYPTED) ?? '');
    expect(message?.get('Content')).toBe('abcdteT');
    expect(message?.get('MsgId')).toBe('6054768590064713728');
    expect(message?.get('FromUserName')).toBe('oyORnuP8q7ou2gfYjqLzSIWZf0rs');
  });

  it('comes back as it was, and is never the same twice', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => {
        expect(cipher.decrypt(cipher.encrypt(text))).toBe(text);
        expect(cipher.encrypt(text)).not.toBe(cipher.encrypt(text));
        // WeChat takes only whole blocks of 32 bytes.
        expect(Buffer.from(cipher.encrypt(text), 'base64').length % 32).toBe(0);
      }),
    );
  });

  it('of another account, under another key, damaged or cut is none', () => {
    const foreign = makeCipher(AES_KEY, 'wx0000000000000000').encrypt('<xml></xml>');
    expect(cipher.decrypt(foreign)).toBeUndefined();
    const otherKey = makeCipher(AES_KEY.replace('a', 'Z'), APP_ID).encrypt('<xml></xml>');
    expect(cipher.decrypt(otherKey)).toBeUndefined();
    const bytes = Buffer.from(ENCRYPTED, 'base64');
    for (const cut of [0, 1, 15, 16, 32, bytes.length - 16, bytes.length - 1])
      expect(cipher.decrypt(bytes.subarray(0, cut).toString('base64'))).toBeUndefined();
    // A block that is changed makes the AppID, the length or the padding another one.
    bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
    expect(cipher.decrypt(bytes.toString('base64'))).toBeUndefined();
    expect(cipher.decrypt('not base64 !!')).toBeUndefined();
  });
});

describe('XML', () => {
  it('is read as WeChat writes it, nested elements left aside', () => {
    const message = readXml(
      `<?xml version="1.0"?><xml>\n<ToUserName><![CDATA[gh_1]]></ToUserName>\n<CreateTime>1409735668</CreateTime>` +
        `<Content><![CDATA[ 查分 <b>&amp; ]]></Content><Note>a &lt; b &#x67E5;</Note><ScanCodeInfo><ScanType>qrcode</ScanType></ScanCodeInfo></xml>`,
    );
    expect([...(message ?? [])]).toEqual([
      ['ToUserName', 'gh_1'],
      ['CreateTime', '1409735668'],
      ['Content', '查分 <b>&amp;'],
      ['Note', 'a < b 查'],
      ['ScanCodeInfo', ''],
    ]);
  });

  it.each([
    ['nothing', ''],
    ['no XML', 'success'],
    ['an unclosed element', '<xml><A>1</A>'],
    ['wrongly nested elements', '<xml><A><B></A></B></xml>'],
    ['two roots', '<xml></xml><xml></xml>'],
    ['another root', '<html><A>1</A></html>'],
    ['an element twice', '<xml><A>1</A><A>2</A></xml>'],
    ['a bare ampersand', '<xml><A>a & b</A></xml>'],
    ['an unknown entity', '<xml><A>&nbsp;</A></xml>'],
    ['an entity of its own', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>'],
    ['an external entity', '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><A>&a;</A></xml>'],
    ['a document type', '<!DOCTYPE xml SYSTEM "http://example.com/x.dtd"><xml><A>1</A></xml>'],
    ['a processing instruction', '<xml><?php echo 1 ?><A>1</A></xml>'],
    [
      'a million laughs',
      `<!DOCTYPE x [<!ENTITY a "${'ha'.repeat(500)}">]><xml><A>${'&a;'.repeat(500)}</A></xml>`,
    ],
    ['too many elements', `<xml>${Array.from({ length: 100 }, (_, i) => `<A${i}>1</A${i}>`).join('')}</xml>`],
    ['too much depth', `<xml>${'<A>'.repeat(50)}${'</A>'.repeat(50)}</xml>`],
    ['an unclosed CDATA', '<xml><A><![CDATA[x</A></xml>'],
  ])('with %s is refused', (_, text) => {
    expect(readXml(text)).toBeUndefined();
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('<', '>', 'xml', '/', '&', ';', '<![CDATA[', ']]>', '<!', '?', 'a', '"', '='),
          { maxLength: 30 },
        ),
        (parts) => {
          expect(() => readXml(parts.join(''))).not.toThrow();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('holds any text in CDATA and gives it back', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        // Both sides leave white space at the ends out.
        expect(readXml(`<xml><A>${cdata(`x${text}x`)}</A></xml>`)?.get('A')).toBe(
          `x${text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g, '')}x`,
        );
      }),
    );
    expect(readXml(`<xml><A>${cdata('a]]>b')}</A></xml>`)?.get('A')).toBe('a]]>b');
  });
});

const text = (content: string): ReadonlyMap<string, string> =>
  new Map([
    ['MsgType', 'text'],
    ['Content', content],
  ]);
const event = (name: string, key = ''): ReadonlyMap<string, string> =>
  new Map([
    ['MsgType', 'event'],
    ['Event', name],
    ['EventKey', key],
  ]);

describe('a message', () => {
  it.each([
    [text('查分'), 'results', 'zh'],
    [text(' 查 成绩？'), 'results', 'zh'],
    [text('高考成績什么时候出'), 'results', 'zh'],
    [text('RESULTS'), 'results', 'en'],
    [text('ｒｅｓｕｌｔ please'), 'results', 'en'],
    [text('你好'), 'help', 'zh'],
    [text('hello'), 'help', 'en'],
    [text('remarkable'), 'help', 'en'],
    [text(''), 'help', 'zh'],
    [new Map([['MsgType', 'image']]), 'help', 'zh'],
    [new Map<string, string>(), 'help', 'zh'],
    [event('subscribe'), 'results', 'zh'],
    [event('SCAN'), 'results', 'zh'],
    [event('CLICK', MENU_KEY), 'results', 'zh'],
    [event('CLICK', 'OTHER'), 'help', 'zh'],
    [event('VIEW', 'https://example.com'), 'nothing', undefined],
    [event('unsubscribe'), 'nothing', undefined],
    [event('LOCATION'), 'nothing', undefined],
  ])('%j wishes %s', (message, kind, language) => {
    const wish = wishOf(message);
    expect(wish.kind).toBe(kind);
    expect('language' in wish ? wish.language : undefined).toBe(language);
  });

  it('with a number that belongs on the page is told so', () => {
    expect(wishOf(text('26330101000001 11010519491231002X'))).toMatchObject({
      kind: 'results',
      hasNumber: true,
    });
    expect(wishOf(text('１１０１０５１９４９１２３１'))).toMatchObject({ hasNumber: true });
    expect(wishOf(text('2026 查分'))).toMatchObject({ hasNumber: false });
  });
});

describe('the menu file', () => {
  it('has a button with the key that is answered', () => {
    const menu = JSON.parse(
      readFileSync(new URL('../../service/wechat/menu.json', import.meta.url), 'utf8'),
    ) as { button: { type: string; key?: string; name: string }[] };
    expect(menu.button.find((button) => button.type === 'click')?.key).toBe(MENU_KEY);
    // WeChat cuts a button's name at 4 Chinese characters.
    expect(menu.button.filter((button) => button.name.length > 4)).toEqual([]);
  });
});

describe('the memory of answers', () => {
  it('gives the same again for its time, and then makes anew', () => {
    const memory = new Memory(1000, 10);
    let made = 0;
    const recall = (nowMs: number): string => memory.recall('key', nowMs, () => String((made += 1)));
    expect([recall(0), recall(999), recall(1000), recall(1500)]).toEqual(['1', '1', '2', '2']);
  });

  it('holds no more than it may, and forgets what is over', () => {
    const memory = new Memory(1000, 10);
    for (let i = 0; i < 1000; i += 1) memory.recall(`key ${i}`, i, () => 'x');
    expect(memory.size).toBe(10);
    memory.recall('late', 10_000, () => 'x');
    expect(memory.size).toBe(1);
  });
});
