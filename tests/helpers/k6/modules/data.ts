/** @module The double of `k6/data`. */
import { requirePhase, runtime } from '../runtime.ts';

/**
 * One copy per name for all virtual users, kept as JSON: each element read is a fresh, frozen one.
 */
// oxlint-disable-next-line no-extraneous-class -- k6's is called with new.
export class SharedArray {
  constructor(name: string, build: () => unknown) {
    requirePhase(['init'], 'new SharedArray must be called in the init context');
    if (name === '') throw new Error("empty name provided to SharedArray's constructor");
    let elements = runtime.sharedArrays.get(name);
    if (elements === undefined) {
      const built = build();
      if (!Array.isArray(built)) throw new Error('only arrays can be made into SharedArray');
      elements = built.map((element) => JSON.stringify(element));
      runtime.sharedArrays.set(name, elements);
    }
    return readOnly(elements);
  }
}

function readOnly(elements: readonly string[]): object {
  return new Proxy([], {
    get(target, key) {
      if (key === 'length') return elements.length;
      if (typeof key === 'string' && /^[0-9]+$/.test(key)) {
        const element = elements[Number(key)];
        return element === undefined ? undefined : freeze(JSON.parse(element));
      }
      const inherited: unknown = Reflect.get(target, key);
      return inherited;
    },
    set: immutable,
    deleteProperty: immutable,
    defineProperty: immutable,
  });
}

function immutable(): never {
  throw new TypeError('SharedArray is immutable');
}

function freeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}
