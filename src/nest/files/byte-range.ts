/** The range of a GET request (RFC 9110, 14.2), in bytes of plaintext. */
import parseRanges from 'range-parser';

/** Both ends are inclusive. */
export interface RequestedRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The range to send; `'unsatisfiable'` for a 416; `null` for the whole content. Adjacent or overlapping ranges are sent as one.
 * Separate ranges, other units and invalid headers are answered with the whole content, as the RFC allows.
 *
 * @param length - bytes of the whole plaintext
 */
export function requestedRange(header: string, length: number): RequestedRange | 'unsatisfiable' | null {
  const at = header.indexOf('=');
  if (header.slice(0, Math.max(0, at)).trim().toLowerCase() !== 'bytes') return null;
  const specs = header.slice(at + 1).split(',');
  // `range-parser` rejects a suffix that is longer than the content, which means all of it
  const known = specs.map((spec) => (suffixOf(spec) > length ? `-${length}` : spec));
  const ranges = parseRanges(length, `bytes=${known.join(',')}`, { combine: true });
  if (ranges === -2) return null;
  // the last bytes of an empty content are none
  if (ranges === -1) return length === 0 && specs.some((spec) => suffixOf(spec) > 0) ? null : 'unsatisfiable';
  const [range, ...others] = ranges;
  return range === undefined || others.length > 0 ? null : { first: range.start, last: range.end };
}

/** Number of last bytes; `NaN` for any other kind of range. */
const suffixOf = (spec: string): number => Number(/^-(\d+)$/.exec(spec.trim())?.[1]);
