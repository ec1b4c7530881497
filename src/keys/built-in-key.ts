import { inspect, type InspectOptions } from 'node:util';
import { shown } from '../encoding/shown.js';
import { refuse } from '../option-rules.js';

/**
 * What the keys of this package share: a checked id, the algorithm that they write, and printed output that shows nothing else.
 */
export abstract class BuiltInKey<Algorithm extends string> {
  /** Stored with everything that this key wraps. */
  readonly keyId: string;
  /** Name of the wrap algorithm, which is stored with everything that this key wraps. */
  readonly algorithm: Algorithm;

  protected constructor(keyId: string, algorithm: Algorithm) {
    refuse(keyIdFaults(keyId));
    this.keyId = keyId;
    this.algorithm = algorithm;
  }

  /** Id and algorithm. No key bytes, no client, no credential. */
  toJSON(): { readonly keyId: string; readonly algorithm: string } {
    return { keyId: this.keyId, algorithm: this.algorithm };
  }

  /** The same for `console.log` and every logger that uses `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown(this, this.toJSON(), options);
  }
}

/** Looks like a key: base64 or hexadecimal of at least 16 bytes, the shortest key, or PEM. */
const LIKE_A_KEY = /[A-Za-z0-9+/=_-]{22}|-----BEGIN/;

/** How a fault refers to a key: by its id, unless the id itself looks like a key, since the two may have been swapped. */
export const keyTitle = (kind: string, keyId: unknown): string =>
  typeof keyId === 'string' && keyId !== '' && !LIKE_A_KEY.test(keyId)
    ? `${kind} ${JSON.stringify(keyId)}`
    : `the ${kind}`;

/** What is wrong with a key id. It never quotes the id, because a value in the wrong place may be a key. */
export function keyIdFaults(keyId: unknown): string[] {
  return typeof keyId === 'string' && keyId !== '' ? [] : ['a key id must be a string that is not empty'];
}
