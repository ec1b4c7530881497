/**
 * Conditional requests (RFC 9110, 13): how the validators of a request compare with those of the stored blob. The order of the
 * steps is that of 13.2.2.
 */
import fresh from 'fresh';

/** The headers of a request, as Node provides them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What distinguishes one state of a blob from another. */
export interface Validators {
  /** In quotes, as in the header. */
  readonly etag: string;
  readonly lastModified?: Date | undefined;
}

/** The answer to the conditions of a GET or HEAD request: the content, 304, or 412. */
export type Judgement = 'content' | 'not-modified' | 'failed';

export function judgeRead(headers: RequestHeaders, current: Validators): Judgement {
  if (!isExpected(headers, current)) return 'failed';
  // `cache-control: no-cache` does not switch a condition off, as `fresh` would have it
  const conditions = {
    'if-none-match': one(headers, 'if-none-match'),
    'if-modified-since': one(headers, 'if-modified-since'),
  };
  const stored = { etag: current.etag, 'last-modified': current.lastModified?.toUTCString() };
  return fresh(conditions, stored) ? 'not-modified' : 'content';
}

/**
 * Whether a `Range` header applies (13.1.5). A date never proves that a blob is the same, because a blob may change twice in a second;
 * the client then gets the whole content.
 */
export function rangeApplies(headers: RequestHeaders, current: Validators): boolean {
  const ifRange = one(headers, 'if-range');
  return ifRange === undefined || (isStrong(current.etag) && ifRange.trim() === current.etag);
}

/** `If-Match`, or else `If-Unmodified-Since`. */
function isExpected(headers: RequestHeaders, current: Validators): boolean {
  const ifMatch = one(headers, 'if-match');
  if (ifMatch !== undefined) return ifMatch.trim() === '*' || listsStrongly(ifMatch, current.etag);
  const limit = Date.parse(one(headers, 'if-unmodified-since') ?? '');
  if (Number.isNaN(limit) || current.lastModified === undefined) return true;
  return wholeSeconds(current.lastModified) <= limit;
}

/** An ETag of the service contains no comma or quote, so no part of a foreign tag equals it. */
const listsStrongly = (list: string, etag: string): boolean =>
  isStrong(etag) && list.split(',').some((tag) => tag.trim() === etag);

const isStrong = (etag: string): boolean => etag.startsWith('"');

/** HTTP dates have whole seconds. */
const wholeSeconds = (date: Date): number => Math.floor(date.getTime() / 1000) * 1000;

/** A header that is sent twice is one list. */
function one(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'object' ? value.join(', ') : value;
}
