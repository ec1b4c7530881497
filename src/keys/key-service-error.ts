/**
 * What a failure of a key service means. Only the service can say whether a retry helps; everything else is the key or the
 * wrapped bytes.
 */
import type { KeyUnwrapError, KeyWrapError } from '../errors/keys.js';
import { KeyUnavailableError } from '../errors/keys.js';

/** The call that failed, and the error it is when the service did answer. */
export interface KeyServiceCall {
  readonly keyId: string;
  readonly refused: typeof KeyWrapError | typeof KeyUnwrapError;
}

const FIRST_SERVER_ERROR = 500;
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;

/** Names of errors without a status that mean: no answer, none in time, or no token to ask with. */
const UNREACHED = ['RestError', 'TimeoutError', 'CredentialUnavailableError', 'AggregateAuthenticationError'];
/** Codes of a connection that failed: those of the system (`ERR_` is Node's own) and of `fetch`. */
const CONNECTION_CODE = /^(?:E(?!RR_)[A-Z_]+|UND_ERR_[A-Z_]+)$/;
/** The code of an answer that broke off. Its message quotes the answer, which may be the content key. */
const PARSE_ERROR = 'PARSE_ERROR';

interface Failure {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
}

/** The error to throw for what the client of a key service threw. Aborts pass untouched. */
export function keyServiceError(thrown: unknown, { keyId, refused }: KeyServiceCall): unknown {
  const failure: Failure = typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) };
  if (failure.name === 'AbortError') return thrown;
  const cause = withoutContents(failure);
  return isUnavailable(failure) ? new KeyUnavailableError(keyId, { cause }) : new refused(keyId, { cause });
}

function isUnavailable(failure: Failure): boolean {
  const { code, statusCode, cause } = failure;
  if (code === PARSE_ERROR) return true;
  // `fetch` tells its reason as a cause
  if (typeof statusCode !== 'number') return isUnreached(failure) || isUnreached(cause);
  return statusCode >= FIRST_SERVER_ERROR || statusCode === REQUEST_TIMEOUT || statusCode === TOO_MANY_REQUESTS;
}

function isUnreached(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { name, code, statusCode, syscall }: Failure = thrown;
  if (typeof statusCode === 'number') return false;
  return UNREACHED.includes(String(name)) || syscall !== undefined || CONNECTION_CODE.test(String(code));
}

/** What may be seen of it. A `RestError` carries request and answer, and one of them holds the content key in clear. */
function withoutContents(failure: Failure): Error {
  const { name, code, statusCode } = failure;
  const message = code === PARSE_ERROR ? 'The answer of the key service broke off' : failure.message;
  const cause = new Error(typeof message === 'string' ? message : 'The key service failed');
  for (const [property, value] of Object.entries({ name, code, statusCode })) {
    if (value !== undefined) Object.defineProperty(cause, property, { value, enumerable: property !== 'name' });
  }
  return cause;
}
