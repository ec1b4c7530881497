/**
 * What a failure of a key service means. Only a few responses say something about the stored content. All others concern the
 * service, the access to it, or the state of the key:
 *
 *     400, 413, 414, 431, a failed cipher   the content: not wrapped by this key, or changed
 *     401, 403                              access: KEY_ACCESS_DENIED; 403 for a disabled or expired key: KEY_DISABLED
 *     404, 410                              KEY_DELETED
 *     anything else, no answer, no JSON,
 *     no token                              KEY_UNAVAILABLE
 */
import {
  KeyAccessDeniedError,
  KeyDeletedError,
  KeyDisabledError,
  KeyUnavailableError,
  type KeyUnwrapError,
  type KeyWrapError,
} from '../errors/keys.js';
import { retryAfterOf } from '../service-errors.js';

/** The call that failed, and the error to use if the service rejected the bytes. */
export interface KeyServiceCall {
  readonly keyId: string;
  readonly refused: typeof KeyWrapError | typeof KeyUnwrapError;
}

const REFUSALS = [400, 413, 414, 431];
/** Names of errors of a credential. Some have the status of the token endpoint, which says nothing about the key service. */
const NO_TOKEN =
  /^(?:Authentication(?:Required)?Error|CredentialUnavailableError|AggregateAuthenticationError|KeyTokenError)$/;
/** A response that is not JSON, such as the page of a gateway. The message of Node.js quotes it, too. */
const NOT_JSON = 'SyntaxError';
/** A fault of the program, whatever the content is. */
const NOT_DEFINED = 'ReferenceError';
/** Names of errors without a status, which mean that there was no response, none in time, or none that says anything. */
const UNREACHED = ['RestError', 'TimeoutError', NOT_JSON, NOT_DEFINED];
/** Codes of a failed connection: those of the system (`ERR_` is Node's own) and of `fetch`. */
const CONNECTION_CODE = /^(?:E(?!RR_)[A-Z_]+|UND_ERR_[A-Z_]+)$/;
const CIPHER_CODE = /^ERR_(?:OSSL|CRYPTO)_/;
/** The code for an incomplete response. Its message quotes the response, which may be the content key. */
const PARSE_ERROR = 'PARSE_ERROR';

interface InnerError {
  readonly code?: unknown;
}

interface Failure {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly statusCode?: unknown;
  /** The body of the response. The SDK changes the letter case of its names. */
  readonly details?: {
    readonly error?: { readonly innerError?: InnerError; readonly innererror?: InnerError };
  };
  readonly syscall?: unknown;
  readonly cause?: unknown;
}

type Outage = (keyId: string, options: ErrorOptions) => Error;
/** `refused`: the bytes are wrong. `unknown`: the failure does not look like one of a key service. */
type Verdict = Outage | 'refused' | 'unknown';

const unavailable: Outage = (keyId, options) => new KeyUnavailableError(keyId, options);
const denied: Outage = (keyId, options) => new KeyAccessDeniedError(keyId, options);
const deleted: Outage = (keyId, options) => new KeyDeletedError(keyId, options);

/** The error to throw for an error of the client of a key service. Aborts pass untouched. */
export function keyServiceError(thrown: unknown, { keyId, refused }: KeyServiceCall): unknown {
  const failure = failureOf(thrown);
  if (failure.name === 'AbortError') return thrown;
  const verdict = verdictOn(failure);
  const cause = withoutContents(failure);
  if (verdict === 'refused') return new refused(keyId, { cause });
  return verdict === 'unknown' ? unavailable(keyId, { cause }) : verdict(keyId, { cause });
}

/**
 * The error for something that a key class of the application threw, if it looks like a failure of a key service: a response with
 * a status, a failed connection, a token that could not be obtained. `null` if the bytes may be wrong, or if the failure is not
 * clear.
 */
export function keyOutage(thrown: unknown, keyId: string): Error | null {
  const failure = failureOf(thrown);
  const verdict = verdictOn(failure);
  return typeof verdict === 'string' ? null : verdict(keyId, { cause: withoutContents(failure) });
}

function failureOf(thrown: unknown): Failure {
  return typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) };
}

/** `fetch` and other layers report the reason as a cause. */
function verdictOn(failure: Failure): Verdict {
  const verdict = ownVerdict(failure);
  const { cause } = failure;
  return verdict === 'unknown' && typeof cause === 'object' && cause !== null ? ownVerdict(cause) : verdict;
}

function ownVerdict(failure: Failure): Verdict {
  const { name, code, statusCode, syscall } = failure;
  if (code === PARSE_ERROR || NO_TOKEN.test(String(name))) return unavailable;
  if (typeof statusCode === 'number') return verdictOnStatus(statusCode, failure);
  if (UNREACHED.includes(String(name)) || syscall !== undefined || CONNECTION_CODE.test(String(code))) {
    return unavailable;
  }
  return CIPHER_CODE.test(String(code)) ? 'refused' : 'unknown';
}

function verdictOnStatus(statusCode: number, failure: Failure): Verdict {
  if (REFUSALS.includes(statusCode)) return 'refused';
  if (statusCode === 404 || statusCode === 410) return deleted;
  if (statusCode === 401) return denied;
  return statusCode === 403 ? verdictOnForbidden(failure) : unavailable;
}

/** Key Vault names the state in an inner code. Services that imitate it may have only the sentence. */
function verdictOnForbidden({ message, details }: Failure): Verdict {
  const inner = (details?.error?.innerError ?? details?.error?.innererror)?.code;
  const text = typeof inner === 'string' ? inner : String(message);
  const state = STATES.find(([pattern]) => pattern.test(text))?.[1];
  return state === undefined ? denied : (keyId, options) => new KeyDisabledError(keyId, state, options);
}

const STATES = [
  [/\bKeyDisabled\b|on a disabled key/i, 'disabled'],
  [/\bKeyExpired\b|on an expired key/i, 'expired'],
  [/\bKeyNotYetValid\b|on a key that is not yet valid|not yet valid/i, 'not valid yet'],
] as const;

/** An error around it often repeats its message. */
const isNotJson = (failure: unknown): boolean => (failure as Failure | null | undefined)?.name === NOT_JSON;

/**
 * The parts that may be exposed. A `RestError` contains request and response, and one of them has the content key in plaintext.
 */
function withoutContents(failure: Failure): Error {
  const { name, code, statusCode } = failure;
  const isUnread = code === PARSE_ERROR || [failure, failure.cause].some(isNotJson);
  const message = isUnread ? 'The answer of the key service broke off, or is not JSON' : failure.message;
  const cause = new Error(typeof message === 'string' ? message : 'The key service failed');
  for (const [property, value] of Object.entries({ name, code, statusCode, retryAfter: retryAfterOf(failure) })) {
    if (value !== undefined) Object.defineProperty(cause, property, { value, enumerable: property !== 'name' });
  }
  return cause;
}
