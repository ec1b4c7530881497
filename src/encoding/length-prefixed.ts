const LENGTH_BYTES = 4;

/** A part without a prefix, because it always has the same length, or contains its lengths. */
export interface Bare {
  readonly bare: Uint8Array;
}

type Part = Uint8Array | string | Bare;

/**
 * The input of a MAC, in one piece of memory: each part is its length as a big-endian u32, then its bytes. So no two lists of parts
 * give the same input.
 */
export function lengthPrefixedList(parts: readonly Part[]): Buffer {
  let length = 0;
  for (const part of parts) length += lengthOf(part);
  const list = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) at = write(part, list, at);
  return list;
}

function lengthOf(part: Part): number {
  if (typeof part === 'string') return LENGTH_BYTES + Buffer.byteLength(part);
  return part instanceof Uint8Array ? LENGTH_BYTES + part.length : part.bare.length;
}

/** Returns where the part ends. */
function write(part: Part, list: Buffer, at: number): number {
  if (typeof part !== 'string' && !(part instanceof Uint8Array)) {
    list.set(part.bare, at);
    return at + part.bare.length;
  }
  const from = at + LENGTH_BYTES;
  const length = typeof part === 'string' ? list.write(part, from) : part.length;
  if (typeof part !== 'string') list.set(part, from);
  list.writeUInt32BE(length, at);
  return from + length;
}
