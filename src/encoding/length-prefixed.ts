/** A part of the input of a MAC: its length as a big-endian u32, then its bytes. So no two lists of parts give the same input. */
export function lengthPrefixed(part: Uint8Array | string): Buffer {
  const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
  const prefixed = Buffer.alloc(4 + bytes.length);
  prefixed.writeUInt32BE(bytes.length);
  prefixed.set(bytes, 4);
  return prefixed;
}
