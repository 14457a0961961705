/**
 * Requests as they are checked one by one and sent by wrk.
 */
import { writeFileSync } from 'node:fs';
import { checkCharacter } from '#results/identity-document.ts';

export interface BenchRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A lookup as the page sends it. */
export function lookupRequest(
  series: string,
  credentials: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): BenchRequest {
  return {
    method: 'POST',
    path: `/v1/series/${series}/lookup`,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(credentials),
  };
}

/** The request as it goes over the wire. */
export function rawRequest({ method, path, headers, body }: BenchRequest): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (method === 'POST') lines.push(`content-length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Writes the file that wrk.lua reads. */
export function writeRequests(path: string, requests: readonly BenchRequest[]): void {
  const text = requests
    .map(rawRequest)
    .map((raw) => `${Buffer.byteLength(raw)}\n${raw}`)
    .join('');
  writeFileSync(path, text, { mode: 0o600 });
}

/**
 * Wrong guesses at the gaokao preset: well-formed numbers of nobody, none twice in a run, each from an address
 * of its own, so that what is measured is the verdict and not the limits on guessing.
 * @param from the first guess's number: a later call goes on where an earlier one ended.
 */
export function wrongGuesses(series: string, from: number, count: number): BenchRequest[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    // Spread over the number space by a multiplier that is coprime to 10¹⁰, and over 100 birth years and 1000 sequences.
    const spread = (BigInt(n) * 7_919_777_777n + 123_456_789n) % 10_000_000_000n;
    const candidateNumber = `9999${String(spread).padStart(10, '0')}`;
    return lookupRequest(
      series,
      { candidateNumber, identityNumber: identityNumber(n) },
      { 'x-forwarded-for': `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` },
    );
  });
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** A well-formed resident identity number; different for each n below 33 million. */
function identityNumber(n: number): string {
  const sequence = n % 1000;
  const day = 1 + (Math.floor(n / 1000) % 28);
  const month = 1 + (Math.floor(n / 28_000) % 12);
  const year = 1910 + (Math.floor(n / 336_000) % 100);
  const first17 = `330106${year}${digits(month, 2)}${digits(day, 2)}${digits(sequence, 3)}`;
  return `${first17}${checkCharacter(first17)}`;
}
