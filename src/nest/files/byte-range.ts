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
  if (unitOf(header) !== 'bytes') return null;
  const ranges = parseRanges(length, withoutLongSuffixes(header, length), { combine: true });
  if (ranges === -2) return null;
  if (ranges === -1) return length === 0 && hasSuffix(header) ? null : 'unsatisfiable';
  const [range, ...others] = ranges;
  return range === undefined || others.length > 0 ? null : { first: range.start, last: range.end };
}

/** `range-parser` rejects a suffix that is longer than the content, which means all of it. */
function withoutLongSuffixes(header: string, length: number): string {
  const at = header.indexOf('=') + 1;
  const specs = header.slice(at).split(',');
  return header.slice(0, at) + specs.map((spec) => (suffixOf(spec) > length ? `-${length}` : spec)).join(',');
}

/** Whether it asks for a number of last bytes, which may be none of an empty content. */
const hasSuffix = (header: string): boolean =>
  header
    .slice(header.indexOf('=') + 1)
    .split(',')
    .some((spec) => suffixOf(spec) > 0);

/** Number of last bytes; `NaN` for any other kind of range. */
const suffixOf = (spec: string): number => Number(/^-(\d+)$/.exec(spec.trim())?.[1]);

const unitOf = (header: string): string =>
  header
    .slice(0, Math.max(0, header.indexOf('=')))
    .trim()
    .toLowerCase();
