/** Conditional requests (RFC 9110, 13): what a client's copy has to do with what is there now. */
import type { IncomingHttpHeaders } from 'node:http';

/** What tells one state of a resource from another. */
export interface Validators {
  /** In quotes, as in the header. */
  readonly etag: string;
  readonly lastModified?: Date;
}

export type Judgement = 'proceed' | 'not-modified' | 'failed';

/** Judges a request in the order of RFC 9110, 13.2.2. `current` is `null` for what does not exist. */
export function judge(headers: IncomingHttpHeaders, current: Validators | null, purpose: 'read' | 'write'): Judgement {
  if (!isAsExpected(headers, current)) return 'failed';
  const { 'if-none-match': ifNoneMatch, 'if-modified-since': since } = headers;
  if (ifNoneMatch !== undefined) {
    if (!lists(ifNoneMatch, current, 'weak')) return 'proceed';
    return purpose === 'read' ? 'not-modified' : 'failed';
  }
  const isUnchanged = purpose === 'read' && isDate(since) && current !== null && !isNewer(current, since);
  return isUnchanged ? 'not-modified' : 'proceed';
}

/** `If-Match`, and `If-Unmodified-Since` where that is absent. */
const isAsExpected = (headers: IncomingHttpHeaders, current: Validators | null): boolean =>
  headers['if-match'] === undefined
    ? !isNewer(current, headers['if-unmodified-since'])
    : lists(headers['if-match'], current, 'strong');

/** Whether a `Range` header is to be honoured: `If-Range` holds, or there is none (RFC 9110, 13.1.5). */
export function rangeApplies({ 'if-range': ifRange }: IncomingHttpHeaders, current: Validators): boolean {
  if (ifRange === undefined) return true;
  if (typeof ifRange !== 'string') return false;
  return (ifRange !== '*' && lists(ifRange, current, 'strong')) || isSameDate(ifRange, current.lastModified);
}

/** Whether a request hangs on the state of what it changes. */
export const isConditional = (headers: IncomingHttpHeaders): boolean =>
  ['if-match', 'if-none-match', 'if-unmodified-since'].some((name) => headers[name] !== undefined);

function lists(header: string, current: Validators | null, comparison: 'strong' | 'weak'): boolean {
  if (current === null) return false;
  if (header.trim() === '*') return true;
  const tags: readonly string[] = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  if (comparison === 'weak') return tags.map(opaque).includes(opaque(current.etag));
  return !current.etag.startsWith('W/') && tags.includes(current.etag);
}

/** Without the mark of a weak one, as the service gives them to rows of a table. */
const opaque = (tag: string): string => tag.replace(/^W\//, '');

const isDate = (text: string | undefined): text is string => text !== undefined && !Number.isNaN(Date.parse(text));

/** HTTP dates have whole seconds. */
const seconds = (date: Date | number): number => Math.floor(Number(date) / 1000);

const isNewer = (current: Validators | null, date: string | undefined): boolean =>
  isDate(date) && current?.lastModified !== undefined && seconds(current.lastModified) > seconds(Date.parse(date));

const isSameDate = (text: string, date: Date | undefined): boolean =>
  isDate(text) && date !== undefined && seconds(date) === seconds(Date.parse(text));
