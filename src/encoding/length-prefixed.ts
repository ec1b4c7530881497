const LENGTH_BYTES = 4;

/** A part of the input of a MAC: its length as a big-endian u32, then its bytes. So no two lists of parts give the same input. */
export function lengthPrefixed(part: Uint8Array | string): Buffer {
  const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
  const prefixed = Buffer.alloc(4 + bytes.length);
  prefixed.writeUInt32BE(bytes.length);
  prefixed.set(bytes, 4);
  return prefixed;
}

/** The same for a list of parts, one after another. */
export function lengthPrefixedList(parts: readonly (Uint8Array | string)[]): Buffer {
  let length = 0;
  for (const part of parts) length += LENGTH_BYTES + (typeof part === 'string' ? Buffer.byteLength(part) : part.length);
  const prefixed = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    const from = at + LENGTH_BYTES;
    if (typeof part === 'string') at = from + prefixed.write(part, from);
    else {
      prefixed.set(part, from);
      at = from + part.length;
    }
    prefixed.writeUInt32BE(at - from, from - LENGTH_BYTES);
  }
  return prefixed;
}
