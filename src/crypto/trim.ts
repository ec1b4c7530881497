import type { ByteTransform } from './byte-transform.js';
import { asBuffer } from './bytes.js';

/** Drops the first `skip` bytes, passes the next `take` bytes through, and drops the rest. */
export function trim(skip: number, take: number): ByteTransform {
  let toSkip = skip;
  let toTake = take;
  return {
    push: (chunk) => {
      const from = Math.min(toSkip, chunk.length);
      toSkip -= from;
      const count = Math.min(toTake, chunk.length - from);
      toTake -= count;
      if (count === 0) return [];
      return [count === chunk.length ? asBuffer(chunk) : asBuffer(chunk.subarray(from, from + count))];
    },
    finish: () => [],
  };
}
