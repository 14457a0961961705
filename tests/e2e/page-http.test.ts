/**
 * @module The examinees' page over HTTP, on both hosts: headers, encodings, weight, and the form without a
 * script in every answer that the lookup can give.
 */
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  announceSeries,
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
  withdrawSeries,
} from '../helpers/batch.ts';
import type { RunningService } from '../helpers/service.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';

const definition = presetDefinition('gaokao', 'http-open');
const [candidate, other] = gaokaoCandidates(definition, 2) as [TestCandidate, TestCandidate];
let installation: Installation;

beforeAll(async () => {
  const redis = await redisDatabase();
  installation = await makeInstallation(redis.url);
  await openBatch(installation, definition, [candidate, other]);
  await announceSeries(
    installation,
    presetDefinition('gaokao', 'http-scheduled'),
    new Date('2099-06-25T01:00:00Z'),
  );
  await openBatch(installation, presetDefinition('gaokao', 'http-withdrawn'), [candidate]);
  await withdrawSeries(installation, 'http-withdrawn');
});

afterAll(async () => {
  await installation.database.drop();
});

/** As the bytes come: fetch would decode them. */
async function raw(
  url: string,
  headers: Record<string, string>,
): Promise<{ message: IncomingMessage; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  httpRequest(url, { headers }, resolve).on('error', reject).end();
  const message = await promise;
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return { message, body: Buffer.concat(chunks) };
}

describe.each(RUNTIMES)('on %s', (runtime) => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: installation.redisUrl ?? 'none',
      pepperFile: installation.pepperFile,
    });
  });
  afterAll(async () => {
    await service.stop();
  });

  const post = (
    series: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(`${service.url}/s/${series}`, { method: 'POST', body: new URLSearchParams(fields), headers });

  it('the first view is one answer of at most 30 KB, the same in each encoding', async () => {
    const url = `${service.url}/s/http-scheduled`;
    const plain = await raw(url, {});
    const gzip = await raw(url, { 'accept-encoding': 'gzip, deflate' });
    const brotli = await raw(url, { 'accept-encoding': 'gzip, deflate, br, zstd' });
    expect(plain.message.headers['content-encoding']).toBeUndefined();
    expect(gzip.message.headers['content-encoding']).toBe('gzip');
    expect(brotli.message.headers['content-encoding']).toBe('br');
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(gzip.body.length).toBeLessThanOrEqual(30 * 1024);
    expect(brotli.body.length).toBeLessThanOrEqual(30 * 1024);
    // Nothing in it is fetched from anywhere.
    const sources = [...plain.body.toString().matchAll(/(?:src|href|action)="([^"]*)"/g)].map(
      (match) => match[1],
    );
    expect(sources.filter((source) => !/^(?:\/|#|data:)/.test(source ?? ''))).toEqual([]);
  });

  it('carries headers that keep other sites and caches out, and the service’s time', async () => {
    const { message, body } = await raw(`${service.url}/s/http-open`, {});
    const { headers } = message;
    const hashes = [...body.toString().matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)].map(
      (match) =>
        `'sha256-${createHash('sha256')
          .update(match[2] ?? '')
          .digest('base64')}'`,
    );
    expect(hashes).toHaveLength(2);
    for (const hash of hashes) expect(headers['content-security-policy']).toContain(hash);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'public, max-age=5',
      vary: 'Accept-Encoding, Accept-Language',
    });
    const now = Number(/^now;dur=(\d+)$/.exec(String(headers['server-timing']))?.[1]);
    expect(Math.abs(now - Date.now())).toBeLessThan(10_000);
  });

  it('is not sent again to whom has it', async () => {
    const { headers } = (await raw(`${service.url}/s/http-open`, {})).message;
    const again = await raw(`${service.url}/s/http-open`, { 'if-none-match': String(headers['etag']) });
    expect(again.message.statusCode).toBe(304);
    expect(again.body).toHaveLength(0);
    const english = await raw(`${service.url}/s/http-open`, {
      'if-none-match': String(headers['etag']),
      'accept-language': 'en',
    });
    expect(english.message.statusCode).toBe(200);
  });

  it('a series that there is not is a 404 with words', async () => {
    const response = await fetch(`${service.url}/s/no-such-series`);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('没有这项考试');
    expect((await post('no-such-series', {})).status).toBe(404);
  });

  it('a form is answered with the slip, kept by nobody', async () => {
    const response = await post('http-open', fieldsOf(definition, candidate));
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store, private');
    expect(response.headers.get('refresh')).toBe('900; url=/s/http-open?lang=zh');
    expect(text).toContain(`<b>${candidate.slip.total}</b>`);
    expect(text).toContain(candidate.slip.name);
    expect(text).not.toContain('<script');
    const english = await post('http-open?lang=en', fieldsOf(definition, candidate));
    expect(await english.text()).toContain('Candidate number');
  });

  it('a wrong form is answered with the form as it was filled in', async () => {
    const wrong = {
      ...fieldsOf(definition, candidate),
      ...pick(fieldsOf(definition, other), 'identityNumber'),
    };
    const response = await post('http-open', wrong);
    const text = await response.text();
    expect(response.status).toBe(404);
    expect(text).toContain('没有查到，请核对');
    expect(text).toContain(`value="${wrong['candidateNumber']}"`);
    expect(response.headers.get('cache-control')).toBe('no-store, private');
  });

  it('a malformed form is answered with words at each field', async () => {
    const response = await post('http-open', {
      candidateNumber: '12',
      identityNumber: '"><script>alert(1)</script>',
    });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text.match(/aria-invalid="true"/g)).toHaveLength(2);
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(text).not.toContain('<script>alert');
  });

  it('a form before the release, or after a withdrawal, is told so', async () => {
    const early = await post('http-scheduled', fieldsOf(definition, candidate));
    expect(early.status).toBe(403);
    expect(early.headers.get('retry-after')).toBe('3600');
    expect(await early.text()).toContain('成绩将于 2099年6月25日 09:00（北京时间）公布');
    const late = await post('http-withdrawn', fieldsOf(definition, candidate));
    expect(late.status).toBe(403);
    expect(await late.text()).toContain('查询暂停');
  });

  it('a form from another site, of another type, or too long is not read', async () => {
    const fields = fieldsOf(definition, candidate);
    const foreign = await post('http-open', fields, { 'sec-fetch-site': 'cross-site' });
    expect(foreign.status).toBe(403);
    expect(await foreign.text()).not.toContain(candidate.slip.name);
    const json = await fetch(`${service.url}/s/http-open`, { method: 'POST', body: '{}' });
    expect(json.status).toBe(415);
    const long = await post('http-open', { ...fields, name: 'x'.repeat(9000) });
    expect(long.status).toBe(413);
  });

  it('a form that the service has no place for is told to wait, and comes back filled in', async () => {
    // With both stores unknown to it, another service has nothing to answer from.
    const away = await startService({
      runtime,
      databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
      redisUrl: 'none',
      pepperFile: installation.pepperFile,
      until: 'listening',
    });
    try {
      for (const response of [
        await fetch(`${away.url}/`),
        await fetch(`${away.url}/s/http-open`),
        await fetch(`${away.url}/s/http-open`, { method: 'POST', body: new URLSearchParams() }),
      ]) {
        expect(response.status).toBe(503);
        expect(response.headers.get('retry-after')).toBe('3');
        expect(await response.text()).toContain('暂时查不了');
      }
    } finally {
      await away.stop();
    }
  });

  it('writes nothing of a form into its log', () => {
    const { candidateNumber = '', identityNumber = '', name = '' } = candidate.credentials;
    for (const secret of [candidateNumber, identityNumber, name])
      expect(service.output()).not.toContain(secret);
  });
});

function pick(fields: Record<string, string>, name: string): Record<string, string> {
  return { [name]: fields[name] ?? '' };
}
