/**
 * @module The official account's callback on both hosts: requests in the shapes that WeChat sends, in each
 * mode, signed and not, fresh and old, once and again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installation } from '../helpers/batch.ts';
import {
  announceSeries,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
  withdrawSeries,
} from '../helpers/batch.ts';
import type { RunningService } from '../helpers/service.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { makeCipher } from '../../service/wechat/cipher.ts';
import { sign } from '../../service/wechat/signature.ts';
import { readXml } from '../../service/wechat/xml.ts';

const TOKEN = 'aTokenOfTests26';
const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const APP_ID = 'wx2c2769f8efd9abc2';
const cipher = makeCipher(AES_KEY, APP_ID);

let installation: Installation;
const definition = presetDefinition('gaokao', 'wechat-open');
const candidates = gaokaoCandidates(definition, 2);

beforeAll(async () => {
  installation = await makeInstallation((await redisDatabase()).url);
  await openBatch(installation, definition, candidates);
  await announceSeries(
    installation,
    presetDefinition('xuekao', 'wechat-scheduled'),
    new Date('2099-01-20T02:00:00Z'),
  );
  await openBatch(installation, presetDefinition('gaokao', 'wechat-withdrawn'), candidates);
  await withdrawSeries(installation, 'wechat-withdrawn');
});

afterAll(async () => {
  await installation.database.drop();
});

const nowS = (): number => Math.floor(Date.now() / 1000);
let counter = 0;
const fresh = (): string => `${Date.now()}${(counter += 1)}`;

/** A text as WeChat sends it. */
const textMessage = (content: string, id = fresh()): string =>
  `<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n<CreateTime>${nowS()}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[${content}]]></Content>\n<MsgId>${id}</MsgId>\n</xml>`;
const eventMessage = (event: string, key = '', time = nowS()): string =>
  `<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName><CreateTime>${time}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[${event}]]></Event><EventKey><![CDATA[${key}]]></EventKey></xml>`;

interface Signed {
  readonly query: string;
  readonly timestamp: string;
  readonly nonce: string;
}

function signed(
  more: Record<string, string> = {},
  { timestamp = String(nowS()), token = TOKEN } = {},
): Signed {
  const nonce = fresh();
  const signature = sign(token, timestamp, nonce);
  return {
    timestamp,
    nonce,
    query: new URLSearchParams({
      signature,
      timestamp,
      nonce,
      openid: 'oyORnuP8q7ou2gfYjqLzSIWZf0rs',
      ...more,
    }).toString(),
  };
}

describe.each(RUNTIMES)('on %s', (runtime) => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: installation.redisUrl ?? 'none',
      pepperFile: installation.pepperFile,
      env: { WECHAT_TOKEN: TOKEN, WECHAT_AES_KEY: AES_KEY, WECHAT_APP_ID: APP_ID },
    });
  });
  afterAll(async () => {
    await service.stop();
  });

  const post = (query: string, body: string): Promise<Response> =>
    fetch(`${service.url}/wechat?${query}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/xml' },
    });
  const get = (query: string): Promise<Response> => fetch(`${service.url}/wechat?${query}`);
  /** The status of an encrypted message, by default signed rightly. */
  const attempt = async (encrypted: string, signature?: string): Promise<number> => {
    const { query, timestamp, nonce } = signed({ encrypt_type: 'aes' });
    const right = sign(TOKEN, timestamp, nonce, encrypted);
    const response = await post(
      `${query}&msg_signature=${signature ?? right}`,
      `<xml><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
    );
    return response.status;
  };
  const say = async (message: string): Promise<ReadonlyMap<string, string> | string> => {
    const response = await post(signed().query, message);
    const text = await response.text();
    expect(response.status).toBe(200);
    return readXml(text) ?? text;
  };
  /** An article's text, which is nested and so not in the map of readXml. */
  const article = async (message: string): Promise<string> => {
    const response = await post(signed().query, message);
    const text = await response.text();
    expect(text).toContain('<MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount>');
    return text;
  };

  it('proves to WeChat that the address is ours, and to nobody else', async () => {
    const echo = await get(signed({ echostr: '5299630213427854187' }).query);
    expect([echo.status, await echo.text()]).toEqual([200, '5299630213427854187']);
    const wrong = [
      '',
      'echostr=1',
      signed({ echostr: '1' }, { token: 'anotherToken' }).query,
      signed({ echostr: '1' }, { timestamp: String(nowS() - 3600) }).query,
      signed({ echostr: '1' }, { timestamp: 'now' }).query,
      signed({ echostr: '1' }).query.replace('nonce=', 'nonce=9'),
    ];
    for (const query of wrong) {
      const response = await get(query);
      expect([response.status, await response.text()]).toEqual([403, '']);
    }
  });

  it('answers "查分" with an article: what is open, what comes and when, and where', async () => {
    const text = await article(textMessage('查分'));
    const host = new URL(service.url).host;
    expect(text).toContain(`【可以查询】${definition.title.zh}`);
    expect(text).toContain('【2099年1月20日 10:00（北京时间）公布】');
    expect(text).toContain('【暂停查询】');
    expect(text).toContain(`<Url><![CDATA[https://${host}/?lang=zh]]></Url>`);
    expect(text).toContain('<ToUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></ToUserName>');
    expect(text).toContain('<FromUserName><![CDATA[gh_10f6c3c3ac5a]]></FromUserName>');
  });

  it('answers a subscription, a menu click and a scan with the same article', async () => {
    expect(await article(eventMessage('subscribe'))).toContain('您好！');
    expect(await article(eventMessage('CLICK', 'RESULTS'))).toContain('【可以查询】');
    expect(await article(eventMessage('SCAN', 'scene', nowS() + 1))).toContain('【可以查询】');
  });

  it('answers anything else with a short help, and what needs no answer with success', async () => {
    const help = await say(textMessage('你好'));
    expect(typeof help === 'string' ? help : help.get('Content')).toContain('发送“查分”');
    const english = await say(textMessage('hello'));
    expect(typeof english === 'string' ? english : english.get('Content')).toContain('Send “results”');
    expect(await say(eventMessage('unsubscribe'))).toBe('success');
    expect(await say(eventMessage('VIEW', 'https://example.com/'))).toBe('success');
  });

  it('never answers with a mark or what somebody sent', async () => {
    const [first] = candidates;
    const { candidateNumber = '', identityNumber = '' } = first?.credentials ?? {};
    const text = await article(textMessage(`${candidateNumber} ${identityNumber}`));
    expect(text).toContain('请不要在对话里发送准考证号');
    expect(text).not.toContain(candidateNumber);
    // Three digits may stand in a port or a time by chance.
    const numbers = text.replace(new URL(service.url).host, '').match(/\d+/g);
    expect(numbers).not.toContain(String(first?.slip.total));
    expect(service.output()).not.toContain(candidateNumber);
  });

  it('answers the encrypted mode encrypted and signed', async () => {
    const { query, timestamp, nonce } = signed({ encrypt_type: 'aes' });
    const encrypted = cipher.encrypt(textMessage('成绩'));
    const body = `<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
    const response = await post(`${query}&msg_signature=${sign(TOKEN, timestamp, nonce, encrypted)}`, body);
    const reply = readXml(await response.text());
    const [sealed = '', at = '', salt = ''] = ['Encrypt', 'TimeStamp', 'Nonce'].map(
      (name) => reply?.get(name) ?? '',
    );
    expect(reply?.get('MsgSignature')).toBe(sign(TOKEN, at, salt, sealed));
    expect(cipher.decrypt(sealed)).toContain(`【可以查询】${definition.title.zh}`);
  });

  it('answers the compatible mode by its encrypted half, whatever the plain one says', async () => {
    const { query, timestamp, nonce } = signed({ encrypt_type: 'aes' });
    const encrypted = cipher.encrypt(textMessage('你好'));
    const body = textMessage('查分').replace('</xml>', `<Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`);
    const response = await post(`${query}&msg_signature=${sign(TOKEN, timestamp, nonce, encrypted)}`, body);
    const reply = readXml(await response.text());
    expect(cipher.decrypt(reply?.get('Encrypt') ?? '')).toContain('发送“查分”');
  });

  it('refuses an encrypted message with a wrong signature, key, account or form', async () => {
    expect(await attempt(cipher.encrypt(textMessage('查分')), 'f'.repeat(40))).toBe(403);
    expect(await attempt(makeCipher(AES_KEY, 'wx1').encrypt(textMessage('查分')))).toBe(400);
    expect(await attempt(makeCipher(AES_KEY.replace('a', 'Q'), APP_ID).encrypt(textMessage('查分')))).toBe(
      400,
    );
    expect(await attempt(cipher.encrypt('not XML'))).toBe(400);
    expect(await attempt('')).toBe(400);
  });

  it('refuses what is not signed, or was signed long ago or for later', async () => {
    const queries = [
      '',
      signed({}, { token: 'anotherToken' }).query,
      signed({}, { timestamp: String(nowS() - 301) }).query,
      signed({}, { timestamp: String(nowS() + 310) }).query,
    ];
    for (const query of queries) expect((await post(query, textMessage('查分'))).status).toBe(403);
  });

  it('refuses malformed and oversized XML', async () => {
    const evil =
      '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><MsgType>text</MsgType><Content>&a;</Content></xml>';
    for (const body of ['', '<xml>', 'MsgType=text', evil])
      expect((await post(signed().query, body)).status).toBe(400);
    expect((await post(signed().query, textMessage('查'.repeat(10_000)))).status).toBe(413);
  });

  it('gives a retry the answer that it gave first, and takes a used address for no other message', async () => {
    const message = textMessage('查分', fresh());
    const first = await (await post(signed().query, message)).text();
    expect(await (await post(signed().query, message)).text()).toBe(first);

    const { query } = signed();
    expect((await post(query, message)).status).toBe(200);
    expect((await post(query, message)).status).toBe(200);
    expect((await post(query, textMessage('你好'))).status).toBe(403);
  });

  it('knows no other method', async () => {
    const response = await fetch(`${service.url}/wechat?${signed().query}`, { method: 'PUT', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
  });
});

describe('without an account in its configuration', () => {
  it('the service has no callback', async () => {
    const service = await startService({
      runtime: 'node',
      databaseUrl: installation.serviceUrl,
      redisUrl: 'none',
      pepperFile: installation.pepperFile,
    });
    expect((await fetch(`${service.url}/wechat?${signed().query}`)).status).toBe(404);
    await service.stop();
  });
});
