/**
 * Who calls: networks behind proxies, proofs of work, the cookie of a device.
 */
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { computeDigest, makePepper } from '#results/digest.ts';
import { makeNetworkOf } from '../../service/http/client-address.ts';
import { createDeviceCookies } from '../../service/http/device-cookie.ts';
import type { ProofChallenge } from '../../service/http/proof-of-work.ts';
import { createProofs } from '../../service/http/proof-of-work.ts';
import { encodeProof, solve } from '../helpers/proof-of-work.ts';

describe('the network of a client', () => {
  const direct = makeNetworkOf([]);
  const behind = makeNetworkOf(['10.0.0.0/8', 'fd00::/8', '127.0.0.1/32']);

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2'],
    ['2001:db8::', '2001:db8:0:0'],
    ['2001:db8::1:2:3:4', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0'],
  ])('%s is %s', (address, network) => expect(direct(address, undefined)).toBe(network));

  it('is the socket’s without proxies of ours, whatever a header says', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(direct('203.0.113.7', header)).toBe('203.0.113.7');
        expect(behind('203.0.113.7', header)).toBe('203.0.113.7');
      }),
    );
  });

  it.each([
    ['one hop', '10.0.0.1', '198.51.100.9', '198.51.100.9'],
    ['two proxies', '10.0.0.1', '198.51.100.9, 10.2.3.4', '198.51.100.9'],
    ['what the client wrote to the left', '10.0.0.1', '1.2.3.4, 5.6.7.8, 198.51.100.9', '198.51.100.9'],
    ['a client that claims a proxy of ours', '10.0.0.1', '1.2.3.4, 10.9.9.9, 198.51.100.9', '198.51.100.9'],
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['no address', '10.0.0.1', '1.2.3.4, unknown', '10.0.0.1'],
    ['no address behind the first proxy', '10.0.0.1', 'x, 10.0.0.2', '10.0.0.2'],
    ['a port', '10.0.0.1', '198.51.100.9:4711', '198.51.100.9'],
    ['IPv6 with brackets and a port', '10.0.0.1', '[2001:db8:1:2::9]:4711', '2001:db8:1:2'],
    ['IPv6 proxies', 'fd00::1', '2001:db8:1:2::9, fd12::1', '2001:db8:1:2'],
    ['a proxy that is mapped into IPv6', '::ffff:10.0.0.1', '198.51.100.9', '198.51.100.9'],
    ['only proxies', '10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
  ])('behind proxies with %s', (_title, socket, header, network) => {
    expect(behind(socket, header)).toBe(network);
  });

  it('cannot be chosen by a header of any length', () => {
    const forged = `${Array.from({ length: 5_000 }, (_, i) => `1.2.${i % 256}.4`).join(', ')}, 198.51.100.9`;
    expect(behind('10.0.0.1', forged)).toBe('198.51.100.9');
    const proxies = Array.from({ length: 50 }, () => '10.0.0.9').join(',');
    expect(behind('10.0.0.1', `1.2.3.4,${proxies}`)).toBe('10.0.0.9');
  });
});

describe('a proof of work', () => {
  const pepper = makePepper(randomBytes(32));
  const proofs = createProofs({ peppers: [pepper], maxNumber: 200 });
  afterEach(() => vi.useRealTimers());

  const solved = async (): Promise<{ challenge: ProofChallenge; proof: string }> => {
    const challenge = await proofs.challenge('zj', 7);
    return { challenge, proof: solve(challenge) };
  };
  const parts = (proof: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(proof, 'base64').toString()) as Record<string, unknown>;
  const rejects = async (proof: string): Promise<void> =>
    expect(await proofs.verify(proof, 'zj', 7)).toBeUndefined();

  it('is a challenge as the page solves it, and its solution is taken and has a name', async () => {
    const { challenge, proof } = await solved();
    expect(Object.keys(challenge).sort()).toEqual([
      'algorithm',
      'challenge',
      'maxnumber',
      'salt',
      'signature',
    ]);
    expect(challenge).toMatchObject({ algorithm: 'SHA-256', maxnumber: 200 });
    expect(await proofs.verify(proof, 'zj', 7)).toBe(Number.parseInt(challenge.challenge.slice(0, 6), 16));
  });

  it('is for one series and one network', async () => {
    const { proof } = await solved();
    expect(await proofs.verify(proof, 'js', 7)).toBeUndefined();
    expect(await proofs.verify(proof, 'zj', 8)).toBeUndefined();
  });

  it('is refused when it has expired', async () => {
    const { proof } = await solved();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 299_000 });
    expect(await proofs.verify(proof, 'zj', 7)).toBeDefined();
    vi.setSystemTime(Date.now() + 3_000);
    await rejects(proof);
  });

  it('is refused when it is forged, whatever part of it', async () => {
    const { challenge, proof } = await solved();
    const good = parts(proof);
    const number = Number(good['number']);
    const salt = challenge.salt;
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
    const forged: Record<string, unknown>[] = [
      { ...good, number: number + 1 },
      { ...good, signature: '0'.repeat(64) },
      { ...good, challenge: sha256(`${salt}0`), number: 0 },
      // A weaker algorithm, another expiry, no expiry, another network.
      { ...good, algorithm: 'SHA-1' },
      ...[
        salt.replace(/expires=\d+/, 'expires=9999999999'),
        salt.replace(/expires=\d+&?/, ''),
        salt.replace('network=00000007', 'network=00000008'),
      ].flatMap((other) => [
        { ...good, salt: other },
        { ...good, salt: other, challenge: sha256(`${other}${number}`) },
      ]),
    ];
    for (const one of forged) await rejects(encodeProof(one));
  });

  it('is refused when a digit is spliced from the number into the salt (CVE-2025-68113)', async () => {
    for (let tries = 0; tries < 20; tries += 1) {
      const { challenge, proof } = await solved();
      const good = parts(proof);
      const digits = String(good['number']);
      for (let cut = 1; cut < digits.length; cut += 1) {
        const salt = challenge.salt + digits.slice(0, cut);
        await rejects(encodeProof({ ...good, salt, number: Number(digits.slice(cut)) }));
      }
      const unended = challenge.salt.replace(/&$/, '');
      // The same challenge in another spelling is the same proof, by its name.
      const again = await proofs.verify(encodeProof({ ...good, salt: unended }), 'zj', 7);
      if (again !== undefined) expect(again).toBe(Number.parseInt(challenge.challenge.slice(0, 6), 16));
    }
  });

  it('is refused when it is anything else, and nothing throws', async () => {
    const { proof } = await solved();
    const good = parts(proof);
    const others = [
      '',
      'x',
      '[]',
      'null',
      Buffer.from('null').toString('base64'),
      Buffer.from('[1]').toString('base64'),
      encodeProof({ ...good, more: 1 }),
      encodeProof({ ...good, number: String(good['number']) }),
      encodeProof({ ...good, number: 1.5 }),
      encodeProof({ ...good, number: -1 }),
      encodeProof({ ...good, salt: 'a'.repeat(10_000) }),
      'A'.repeat(100_000),
    ];
    for (const one of others) await rejects(one);
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        await rejects(text);
      }),
    );
  });

  it('of another pepper is refused, and taken by who has both', async () => {
    const newer = makePepper(randomBytes(32));
    const { proof } = await solved();
    const changed = createProofs({ peppers: [newer, pepper], maxNumber: 200 });
    expect(await changed.verify(proof, 'zj', 7)).toBeDefined();
    expect(await createProofs({ peppers: [newer], maxNumber: 200 }).verify(proof, 'zj', 7)).toBeUndefined();
  });
});

type SetCookie = ReturnType<ReturnType<ReturnType<typeof createDeviceCookies>['read']>['cookieAfter']>;

describe('the cookie of a device', () => {
  const pepper = makePepper(randomBytes(32));
  const cookies = createDeviceCookies({ peppers: [pepper] });
  const digestOf = (n: number): ReturnType<typeof computeDigest> =>
    computeDigest(pepper, 'zj', 'set', [String(n)]);
  const pair = (setCookie: SetCookie): string => (setCookie ?? '').toString().split(';')[0] ?? '';
  const none = cookies.read(undefined);

  it('is only for this host, over TLS, not for scripts and other sites', () => {
    expect(none.cookieAfter(digestOf(1))?.toString()).toMatch(
      /^__Host-fangbang=[A-Za-z0-9_-]{11}; Path=\/; Max-Age=2592000; Secure; HttpOnly; SameSite=Strict$/,
    );
  });

  it('knows the digests of its successes, the last eight, and no others', () => {
    let header = '';
    for (let n = 1; n <= 9; n += 1) header = pair(cookies.read(header).cookieAfter(digestOf(n)));
    const device = cookies.read(`a=b; ${header}; c=d`);
    for (let n = 2; n <= 9; n += 1) expect(device.hasSucceeded(digestOf(n))).toBe(true);
    expect(device.hasSucceeded(digestOf(1))).toBe(false);
    expect(device.hasSucceeded(digestOf(10))).toBe(false);
    expect(none.hasSucceeded(digestOf(1))).toBe(false);
    expect(device.cookieAfter(digestOf(9))).toBeUndefined();
    expect(header.length).toBeLessThan(200);
  });

  it('shows nothing of a digest, and is another one under another pepper or in another period', () => {
    const digest = digestOf(1);
    const value = (text: SetCookie): string => pair(text).split('=')[1] ?? '';
    const raw = Buffer.from(value(none.cookieAfter(digest)), 'base64url');
    for (let at = 0; at + 4 <= digest.length; at += 1)
      expect(raw.includes(digest.subarray(at, at + 4))).toBe(false);
    const later = createDeviceCookies({ peppers: [pepper], nowMs: () => Date.now() + 31 * 86_400_000 });
    const other = createDeviceCookies({ peppers: [makePepper(randomBytes(32))] });
    const values = [cookies, later, other].map((one) => value(one.read(undefined).cookieAfter(digest)));
    expect(new Set(values).size).toBe(3);
  });

  it('is another one for a digest of which any byte is another', () => {
    const digest = digestOf(1);
    const texts = new Set([none.cookieAfter(digest)?.toString()]);
    for (let at = 48; at < 64; at += 1) {
      const other = Buffer.from(digest) as typeof digest;
      other[at] = (other[at] ?? 0) ^ 1;
      texts.add(none.cookieAfter(other)?.toString());
    }
    expect(texts.size).toBe(17);
  });

  it('that was changed in any bit is none', () => {
    const header = pair(none.cookieAfter(digestOf(1)));
    const [name = '', value = ''] = header.split('=');
    const raw = Buffer.from(value, 'base64url');
    for (let bit = 0; bit < raw.length * 8; bit += 1) {
      const changed = Buffer.from(raw);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const device = cookies.read(`${name}=${changed.toString('base64url')}`);
      expect(device.hasSucceeded(digestOf(1))).toBe(false);
    }
  });

  it('that is anything else is none, and nothing throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String({ maxLength: 200 })), (text) => {
        expect(cookies.read(`__Host-fangbang=${text}`).hasSucceeded(digestOf(1))).toBe(false);
        expect(cookies.read(text).hasSucceeded(digestOf(1))).toBe(false);
      }),
    );
  });

  it('lasts 30 days at least and 60 at most, and ends when its pepper is gone', () => {
    const start = Date.UTC(2026, 5, 25);
    let now = start;
    const timed = createDeviceCookies({ peppers: [pepper], nowMs: () => now });
    const header = pair(timed.read(undefined).cookieAfter(digestOf(1)));
    now = start + 30 * 86_400_000;
    expect(timed.read(header).hasSucceeded(digestOf(1))).toBe(true);
    now = start + 60 * 86_400_000;
    expect(timed.read(header).hasSucceeded(digestOf(1))).toBe(false);
    now = start;
    const newer = makePepper(randomBytes(32));
    const both = createDeviceCookies({ peppers: [newer, pepper], nowMs: () => now });
    expect(both.read(header).hasSucceeded(digestOf(1))).toBe(true);
    const only = createDeviceCookies({ peppers: [newer], nowMs: () => now });
    expect(only.read(header).hasSucceeded(digestOf(1))).toBe(false);
  });
});
