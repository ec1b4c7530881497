/**
 * What the errors of the storage services mean. They are recognized by their shape, because an SDK client may come from the other
 * build (ESM or CommonJS), whose errors are instances of another class.
 */
import { setTimeout } from 'node:timers/promises';
import { isAbort } from './aborts.js';
import { printable } from './encoding/printable.js';
import { isEncryptedStorageError } from './errors/any-error.js';

/** The members of a `RestError` that say what happened. In errors of tables they are nested. */
interface ServiceError {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly errorCode?: unknown; readonly odataError?: { readonly code?: unknown } };
}

/** Milliseconds. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1000;

/** HTTP status of an error of a service. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as ServiceError | null | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** The service's own code, such as `BlobNotFound`. For HEAD requests it is in a header, not in the body. Safe for a log. */
export function serviceCodeOf(error: unknown): string | undefined {
  const { code, details } = (error ?? {}) as ServiceError;
  const found = [code, details?.errorCode, details?.odataError?.code].find((value) => typeof value === 'string');
  return found && printable(found);
}

interface AskedToWait {
  readonly response?: { readonly headers?: { get?(name: string): unknown } | undefined };
  /** In the cause of a key's error, which has no response. */
  readonly retryAfter?: number;
  readonly cause?: AskedToWait;
}

/** Seconds that a storage or key service asks to wait, from its `Retry-After` header; `undefined` without one. */
export function retryAfterOf(error: unknown): number | undefined {
  const { response, retryAfter, cause } = (error ?? {}) as AskedToWait;
  return retryAfter ?? cause?.retryAfter ?? secondsIn(response?.headers);
}

function secondsIn(headers: { get?(name: string): unknown } | undefined): number | undefined {
  const text = headers?.get?.('retry-after');
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** 412: another writer changed the object since it was read. A missing or wrong lease is a 412 too, but is not counted here. */
export const isChanged = (error: unknown): boolean => statusOf(error) === 412 && !isLeased(error);

/** The object is leased, and the request did not send the id of that lease. */
export const isLeased = (error: unknown): boolean => serviceCodeOf(error)?.startsWith('Lease') === true;

const RESOURCE_MISSING = ['ContainerNotFound', 'QueueNotFound', 'TableNotFound'];

/** 404: the container, queue or table does not exist. */
export const isResourceMissing = (error: unknown): boolean =>
  statusOf(error) === 404 && RESOURCE_MISSING.includes(serviceCodeOf(error) ?? '');

/** The path of the container, queue or table that {@link isResourceMissing} finds missing, without keys of rows and signatures. */
export function missingResourceOf(error: unknown): string | undefined {
  const url = (error as { readonly request?: { readonly url?: string } }).request?.url;
  if (url === undefined || !isResourceMissing(error)) return undefined;
  return new URL(url).pathname.replace(/\(.*/, '');
}

/** 404: the blob, message or entity does not exist, but its container, queue or table does. */
export const isMissing = (error: unknown): boolean => statusOf(error) === 404 && !isResourceMissing(error);

/** There was no response, so what was requested may have been done. */
export const isUnanswered = (error: unknown): boolean => statusOf(error) === undefined && !isAbort(error);

/** 429 or 503: the service, or that of a key, gets more requests than it takes. */
export const isThrottled = (status: number | undefined): boolean => status === 429 || status === 503;

const BUSY = [408, 429, 500, 502, 503, 504];
const OF_CONNECTIONS = ['INVALID_SERVICE_RESPONSE', 'DOWNLOAD_INTERRUPTED'];

/** A busy or unreachable service; an error of the SDKs without a status is a connection error. */
export function isServiceOut(error: unknown): boolean {
  if (isEncryptedStorageError(error)) return OF_CONNECTIONS.includes(error.code);
  const status = statusOf(error);
  if (status !== undefined) return BUSY.includes(status);
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === 'RestError' || (typeof code === 'string' && /^E[A-Z]+$/.test(code));
}

/** 403: this identity lacks the permission. */
export const isForbidden = (error: unknown): boolean => statusOf(error) === 403;

/** For requests about something that may not be there: `await request.catch(nullIfMissing)`. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

/** 409: an object with that name already exists, or is in a state that forbids the request. {@link serviceCodeOf} says which. */
export const isTaken = (error: unknown): boolean => statusOf(error) === 409;

/** 416: the range begins after the end of the blob. */
export const isRangeNotSatisfiable = (error: unknown): boolean => statusOf(error) === 416;

/** The message was deleted, has expired, or was received by another consumer in the meantime. */
export const isMessageGone = (error: unknown): boolean =>
  isMissing(error) || serviceCodeOf(error) === 'PopReceiptMismatch';

export interface ConflictRetries<Result> {
  /** Maximum number of attempts. */
  readonly attempts: number;
  /** @param made - number of attempts, with this one */
  readonly attempt: (made: number) => Promise<Result>;
  /** Whether another attempt may succeed. */
  readonly isConflict?: (error: unknown) => boolean;
  readonly abortSignal?: { readonly aborted: boolean } | undefined;
}

/**
 * Retries a write that failed because another writer was faster, after a random pause that grows.
 *
 * @throws the error of the last attempt, unchanged
 */
export async function retryOnConflict<Result>({
  attempts,
  attempt,
  isConflict = isChanged,
  abortSignal,
}: ConflictRetries<Result>): Promise<Result> {
  for (let made = 1; ; made += 1) {
    try {
      return await attempt(made);
    } catch (error) {
      if (made >= attempts || abortSignal?.aborted === true || !isConflict(error)) throw error;
    }
    await setTimeout(Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** made));
  }
}
