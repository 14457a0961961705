/**
 * The official account's callback: `GET /wechat` proves to WeChat that the address is ours, `POST /wechat`
 * answers a message or an event, in plain, compatible and encrypted mode.
 *
 * Failure policy: answers come from memory at once, far within WeChat's five seconds. What is not signed
 * is 403; what is signed and cannot be read is 400, and too much of it 413. What needs no answer, and any
 * fault of ours in making one, is `success`, so that WeChat neither repeats it nor shows "该公众号暂时无
 * 法提供服务". Nothing of a message is logged or kept.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { makeCipher } from './cipher.ts';
import { Memory } from './memory.ts';
import { wishOf } from './message.ts';
import type { WechatSeries } from './reply.ts';
import { replyTo } from './reply.ts';
import { isSigned, sign } from './signature.ts';
import { cdata, readXml } from './xml.ts';

export interface WechatDeps {
  /** As set in the account's console (README.md). */
  readonly token: string;
  /** EncodingAESKey, 43 characters. */
  readonly aesKey: string;
  readonly appId: string;
  /** The announced series; undefined before they have been read. */
  series(): readonly WechatSeries[] | undefined;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Called with a fault of ours, which WeChat does not get to see. */
  onFault(error: unknown): void;
}

/** Texts have at most 2,048 bytes; the compatible mode sends a message twice. */
const MOST_BODY_BYTES = 16 * 1024;
/** A signed address is taken for so long, either way: WeChat's clock and ours are not the same. */
const FRESH_MS = 5 * 60_000;
/** WeChat's retries are over after 15 s. */
const RETRY_MS = 60_000;
/** 10,000 messages in a minute are more than the account of a province gets; some 5 MB at most. */
const MOST_REMEMBERED = 10_000;

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

export function createWechat(deps: WechatDeps): Hono {
  const app = new Hono();
  const cipher = makeCipher(deps.aesKey, deps.appId);
  const replies = new Memory(RETRY_MS, MOST_REMEMBERED);
  /** What each signed address was used for. */
  const uses = new Memory(2 * FRESH_MS, MOST_REMEMBERED);

  app.use('/wechat', async (c, next) => {
    const { signature, timestamp = '', nonce = '' } = c.req.query();
    const isRecent =
      /^\d{10}$/.test(timestamp) && Math.abs(Number(timestamp) * 1000 - deps.nowMs()) <= FRESH_MS;
    if (!isRecent || nonce === '' || !isSigned(signature, deps.token, timestamp, nonce)) return refuse(403);
    await next();
  });

  app.get('/wechat', (c) => answer(c.req.query('echostr') ?? '', 'text/plain'));

  app.post('/wechat', bodyLimit({ maxSize: MOST_BODY_BYTES, onError: () => refuse(413) }), async (c) => {
    const body = await c.req.text();
    const {
      signature = '',
      timestamp = '',
      nonce = '',
      encrypt_type: mode,
      msg_signature: ofBody,
    } = c.req.query();
    // The signature of the plain mode does not cover the body: one address is for one message.
    const digest = createHash('sha256').update(body).digest('base64');
    if (uses.recall(`${timestamp} ${nonce} ${signature}`, deps.nowMs(), () => digest) !== digest)
      return refuse(403);

    const outer = readXml(body);
    if (outer === undefined) return refuse(400);
    if (mode !== 'aes') return answerXml(replyFor(c, outer));

    const encrypted = outer.get('Encrypt') ?? '';
    if (!isSigned(ofBody, deps.token, timestamp, nonce, encrypted)) return refuse(403);
    const inner = cipher.decrypt(encrypted);
    const message = inner === undefined ? undefined : readXml(inner);
    if (message === undefined) return refuse(400);
    const reply = replyFor(c, message);
    return answerXml(reply === undefined ? undefined : seal(reply));
  });

  app.all('/wechat', () => refuse(405, { allow: 'GET, HEAD, POST' }));

  /** The reply to a message, the same to its retries. */
  function replyFor(c: Context, message: ReadonlyMap<string, string>): string | undefined {
    const [from = '', to = ''] = [message.get('FromUserName'), message.get('ToUserName')];
    // Events have no MsgId: who and when stand in for it, as the documents say.
    const id = message.get('MsgId') ?? `${message.get('CreateTime') ?? ''} ${message.get('Event') ?? ''}`;
    const nowMs = deps.nowMs();
    try {
      const reply = replies.recall(
        `${from} ${id}`,
        nowMs,
        () => replyTo(wishOf(message), deps.series(), pageUrlOf(c), { from, to, nowMs }) ?? '',
      );
      return reply === '' ? undefined : reply;
    } catch (error) {
      deps.onFault(error);
      return undefined;
    }
  }

  function seal(reply: string): string {
    const encrypted = cipher.encrypt(reply);
    const timestamp = String(Math.floor(deps.nowMs() / 1000));
    const nonce = randomBytes(8).toString('hex');
    const signature = sign(deps.token, timestamp, nonce, encrypted);
    return (
      `<xml><Encrypt>${cdata(encrypted)}</Encrypt><MsgSignature>${cdata(signature)}</MsgSignature>` +
      `<TimeStamp>${timestamp}</TimeStamp><Nonce>${cdata(nonce)}</Nonce></xml>`
    );
  }

  return app;
}

/**
 * Where the page is: WeChat calls us by the address of the account's console, which is public and HTTPS,
 * so its host is the page's.
 */
function pageUrlOf(c: Context): string {
  const host = c.req.header('host') ?? '';
  if (!/^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/.test(host)) throw new Error('the request has no usable host');
  return `https://${host}`;
}

function answer(text: string, type: string): Response {
  return new Response(text, { headers: { ...HEADERS, 'content-type': `${type}; charset=utf-8` } });
}

function answerXml(reply: string | undefined): Response {
  return reply === undefined ? answer('success', 'text/plain') : answer(reply, 'application/xml');
}

function refuse(status: number, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { ...HEADERS, ...more } });
}
