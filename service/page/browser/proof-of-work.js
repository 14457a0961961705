// @ts-check
/// <reference lib="dom" />
/**
 * The proof of work that the service asks of a network with many wrong attempts: an altcha challenge, to
 * find the number whose SHA-256 behind the salt is the given one. In a worker where the browser lets us,
 * else in slices on the main thread; by code of our own, because crypto.subtle costs a promise for each of
 * up to a million hashes, which is slower, and is missing where the page comes over plain HTTP.
 */

/**
 * @typedef {{ algorithm: string, challenge: string, maxnumber: number, salt: string, signature: string }} Challenge
 */

/** Numbers between two signs of life: some 20 ms on a slow phone. */
const SLICE = 2000;

/**
 * Tries the numbers from `from` up to and without `to`. Self-contained: its text is the worker's program.
 * @param {string} challenge SHA-256 in hex.
 * @param {string} salt ASCII.
 * @param {number} from
 * @param {number} to
 * @returns {number} the number, or -1.
 */
export function findNumber(challenge, salt, from, to) {
  /** @type {number[]} */
  const K = [];
  /** @type {number[]} */
  const H = [];
  // Constants of FIPS 180-4: the first 32 bits of the fractions of cube and square roots of primes.
  for (let n = 2; K.length < 64; n += 1) {
    let prime = true;
    for (let i = 2; i * i <= n; i += 1) if (n % i === 0) prime = false;
    if (!prime) continue;
    if (H.length < 8) H.push(Math.floor((Math.sqrt(n) % 1) * 4294967296) | 0);
    K.push(Math.floor((Math.cbrt(n) % 1) * 4294967296) | 0);
  }
  const w = new Int32Array(64);
  const state = new Int32Array(8);
  const wanted = new Int32Array(8);
  for (let i = 0; i < 8; i += 1) wanted[i] = parseInt(challenge.slice(i * 8, i * 8 + 8), 16) | 0;

  for (let number = from; number < to; number += 1) {
    const message = salt + number;
    const length = message.length;
    const blocks = (length + 9 + 63) >> 6;
    for (let i = 0; i < 8; i += 1) state[i] = H[i] || 0;
    for (let block = 0; block < blocks; block += 1) {
      for (let i = 0; i < 16; i += 1) {
        let word = 0;
        for (let j = 0; j < 4; j += 1) {
          const at = block * 64 + i * 4 + j;
          word = (word << 8) | (at < length ? message.charCodeAt(at) & 255 : at === length ? 128 : 0);
        }
        w[i] = word;
      }
      if (block === blocks - 1) w[15] = length * 8;
      for (let i = 16; i < 64; i += 1) {
        const a = w[i - 15] || 0;
        const b = w[i - 2] || 0;
        const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
        const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
        w[i] = ((w[i - 16] || 0) + s0 + (w[i - 7] || 0) + s1) | 0;
      }
      let a = state[0] || 0;
      let b = state[1] || 0;
      let c = state[2] || 0;
      let d = state[3] || 0;
      let e = state[4] || 0;
      let f = state[5] || 0;
      let g = state[6] || 0;
      let h = state[7] || 0;
      for (let i = 0; i < 64; i += 1) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] || 0) + (w[i] || 0)) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      state[0] = (state[0] || 0) + a;
      state[1] = (state[1] || 0) + b;
      state[2] = (state[2] || 0) + c;
      state[3] = (state[3] || 0) + d;
      state[4] = (state[4] || 0) + e;
      state[5] = (state[5] || 0) + f;
      state[6] = (state[6] || 0) + g;
      state[7] = (state[7] || 0) + h;
    }
    let same = true;
    for (let i = 0; i < 8 && same; i += 1) same = state[i] === wanted[i];
    if (same) return number;
  }
  return -1;
}

/**
 * Solves a challenge.
 * @param {Challenge} challenge
 * @param {(share: number) => void} onProgress the share of the numbers tried, 0 to 1.
 * @returns {Promise<string>} value of the header `fangbang-proof`; rejects when there is no solution.
 */
export async function solveChallenge(challenge, onProgress) {
  const { algorithm, challenge: wanted, salt, signature } = challenge;
  if (algorithm !== 'SHA-256') throw new Error('unknown algorithm');
  const number = await findInWorker(challenge, onProgress).catch(() => findInSlices(challenge, onProgress));
  if (number < 0) throw new Error('no solution');
  return btoa(JSON.stringify({ algorithm, challenge: wanted, number, salt, signature }));
}

/**
 * @param {Challenge} challenge
 * @param {(share: number) => void} onProgress
 * @returns {Promise<number>}
 */
function findInWorker(challenge, onProgress) {
  return new Promise((resolve, reject) => {
    const program =
      `var find=${findNumber.toString()};onmessage=function(m){var c=m.data;` +
      `for(var at=0;at<=c.maxnumber;at+=c.slice){var to=Math.min(at+c.slice,c.maxnumber+1);` +
      `var n=find(c.challenge,c.salt,at,to);postMessage({number:n,at:to});if(n>=0)return}` +
      `postMessage({number:-1,at:-1})}`;
    const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
    const worker = new Worker(url);
    const end = () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    };
    worker.addEventListener('error', () => {
      end();
      reject(new Error('no worker'));
    });
    worker.addEventListener('message', (message) => {
      const { number, at } = message.data;
      if (number >= 0 || at < 0) {
        end();
        resolve(number);
      } else onProgress(at / challenge.maxnumber);
    });
    const { challenge: wanted, salt, maxnumber } = challenge;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's messages have none
    worker.postMessage({ challenge: wanted, salt, maxnumber, slice: SLICE });
  });
}

/**
 * @param {Challenge} challenge
 * @param {(share: number) => void} onProgress
 * @returns {Promise<number>}
 */
function findInSlices(challenge, onProgress) {
  return new Promise((resolve) => {
    let at = 0;
    const slice = () => {
      const to = Math.min(at + SLICE, challenge.maxnumber + 1);
      const number = findNumber(challenge.challenge, challenge.salt, at, to);
      at = to;
      if (number >= 0 || at > challenge.maxnumber) {
        resolve(number);
        return;
      }
      onProgress(at / challenge.maxnumber);
      setTimeout(slice, 0);
    };
    slice();
  });
}
