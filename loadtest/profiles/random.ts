/**
 * Numbers that look random and depend on nothing but their arguments: iteration 17 asks for the same in every
 * runner, every process and every run with the same seed.
 */

/** The finalizer of MurmurHash3: each bit of the input changes each bit of the output with probability 1/2. */
function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * A number from 0 (included) to 1 (not), for one of several decisions (`stream`) of an iteration.
 */
export function randomAt(seed: number, iteration: number, stream: number): number {
  // 0x9e3779b9 is 2³² divided by the golden ratio: neighbouring inputs lie far apart.
  const a = mix32(seed + Math.imul(iteration + 1, 0x9e3779b9));
  const b = mix32(a ^ Math.imul(stream + 1, 0x85ebca77));
  return (b >>> 0) / 4_294_967_296;
}

/** A whole number from 0 to `below` − 1. */
export function integerAt(seed: number, iteration: number, stream: number, below: number): number {
  return Math.floor(randomAt(seed, iteration, stream) * below);
}
