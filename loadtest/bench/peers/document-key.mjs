/**
 * The peers' keys of the stored documents: HMAC-SHA-512 under the pepper over series and credentials, cut to 16
 * bytes, as our service cuts its own. nginx's Lua does the same in peers/nginx/digest.lua.
 */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * @param {string} pepperFile its first line is the pepper
 * @returns {(series: string, candidateNumber: string, identityNumber: string) => {binary: Buffer, text: string}}
 *   the key as the peers look it up, and the one for webdis, which takes keys from the path
 */
export function documentKeys(pepperFile) {
  const pepper = Buffer.from(readFileSync(pepperFile, 'utf8').split('\n')[0] ?? '', 'base64');
  return (series, candidateNumber, identityNumber) => {
    const digest = createHmac('sha512', pepper)
      .update(`${series}\n${candidateNumber}\n${identityNumber}`)
      .digest();
    const id = digest.subarray(0, 16);
    return { binary: Buffer.concat([PREFIX, id]), text: `w${id.toString('hex')}` };
  };
}

const PREFIX = Buffer.from('d');
