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
  const lengths = parts.map((part) => (typeof part === 'string' ? Buffer.byteLength(part) : part.length));
  const prefixed = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const length = lengths[index] ?? 0;
    at = prefixed.writeUInt32BE(length, at);
    if (typeof part === 'string') prefixed.write(part, at);
    else prefixed.set(part, at);
    at += length;
  }
  return prefixed;
}
