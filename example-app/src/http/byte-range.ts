/** One range of a `Range` header (RFC 9110, 14.2). Offsets in bytes, both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The range asked for, `'unsatisfiable'`, or `null` for a header that a server may ignore and answer whole: none, several ranges,
 * another unit, no range at all.
 */
export function parseRange(header: string | undefined, length: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (from !== '') return fromFirst(Number(from), to === '' ? Infinity : Number(to), length);
  return to === '' ? null : suffix(Number(to), length);
}

function fromFirst(first: number, last: number, length: number): ByteRange | 'unsatisfiable' | null {
  if (last < first) return null;
  return first < length ? { first, last: Math.min(last, length - 1) } : 'unsatisfiable';
}

function suffix(count: number, length: number): ByteRange | 'unsatisfiable' {
  return count === 0 || length === 0 ? 'unsatisfiable' : { first: Math.max(0, length - count), last: length - 1 };
}
