/** Every failure as problem details (RFC 9457): the one table from codes to statuses. */
import { HttpException } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type EncryptedStorageErrorCode, isEncryptedStorageError } from 'nestjs-azure-encrypted-storage';

/**
 * Codes of the package with a status other than 500. The others stay 500 on purpose, above all `DECRYPTION_FAILED`: the
 * request was valid (no 4xx), and retrying does not help (no 502 or 503, which proxies and clients retry), because the
 * stored content is damaged.
 */
const STATUS: Partial<Record<EncryptedStorageErrorCode, number>> = {
  KEY_UNAVAILABLE: 503,
  PAYLOAD_TOO_LARGE: 413,
  INVALID_ENTITY: 422,
  UNSUPPORTED_VALUE: 422,
  SOURCE_LENGTH_MISMATCH: 400,
};
/** Statuses of the storage service that mean the same to our client; others concern only us and the service. */
const PASSED_ON = [404, 409, 412];
/** Seconds after which a client may retry when something was unavailable. */
const RETRY_AFTER = 5;

/** The body of an error response. */
export class Problem {
  @ApiProperty({ example: 'about:blank', description: '`about:blank`: the code identifies the problem' })
  readonly type: string;
  @ApiProperty({ example: 'Internal Server Error' })
  readonly title: string;
  @ApiProperty({ example: 500 })
  readonly status: number;
  @ApiProperty({ example: 'Decryption failed: the content was changed, truncated or written with another key' })
  readonly detail: string;
  @ApiProperty({ example: 'urn:uuid:3e1b…', description: 'Identifies this occurrence in the log' })
  readonly instance: string;
  @ApiProperty({ example: 'DECRYPTION_FAILED', description: 'The code of the package, of Azure, or of the status' })
  readonly code: string;
  @ApiProperty({ required: false, example: ['name should not be empty'] })
  readonly errors?: readonly string[];

  constructor({ status, code, detail, errors }: Pick<Problem, 'status' | 'detail'> & Partial<Problem>) {
    this.type = 'about:blank';
    this.title = STATUS_CODES[status] ?? 'Error';
    this.status = status;
    this.detail = detail;
    this.instance = `urn:uuid:${randomUUID()}`;
    this.code = code ?? this.title.toUpperCase().replaceAll(/\W+/g, '_');
    if (errors !== undefined) this.errors = errors;
  }

  get headers(): Record<string, string> {
    return this.status === 503 ? { 'Retry-After': String(RETRY_AFTER) } : {};
  }
}

/** Does not repeat the messages of other errors, because a library may quote content. */
export function problemOf(error: unknown): Problem {
  if (isEncryptedStorageError(error)) {
    return new Problem({ status: STATUS[error.code] ?? 500, code: error.code, detail: error.message });
  }
  if (error instanceof HttpException) return problemOfRequest(error);
  if (isFromStorage(error)) return problemOfStorage(error);
  return new Problem({ status: 500, detail: 'The clinic failed: search its log for this instance' });
}

function problemOfRequest(error: HttpException): Problem {
  const body = error.getResponse();
  const { message } = (typeof body === 'string' ? { message: body } : body) as { message?: unknown };
  const errors = Array.isArray(message) ? message.map(String) : undefined;
  return new Problem({
    status: error.getStatus(),
    detail: errors === undefined ? error.message : 'The request is not valid: see "errors"',
    ...(errors === undefined ? {} : { errors }),
  });
}

/** An error of the Azure SDKs, recognized by its structure, because there may be several copies of its class. */
interface StorageError {
  readonly name: 'RestError';
  readonly statusCode?: number;
  readonly code?: string;
  readonly details?: { readonly errorCode?: string; readonly odataError?: { readonly code?: string } };
}

const isFromStorage = (error: unknown): error is StorageError => (error as Error | undefined)?.name === 'RestError';

function problemOfStorage(error: StorageError): Problem {
  const { statusCode = 503 } = error;
  const code = codeOf(error);
  if (PASSED_ON.includes(statusCode)) {
    return new Problem({ status: statusCode, code, detail: 'The storage service rejected the request: see its code' });
  }
  if (statusCode === 429 || statusCode >= 500) {
    return new Problem({ status: 503, code, detail: 'The storage service did not answer: try again' });
  }
  return new Problem({ status: 502, code, detail: 'The storage service rejected the request of the clinic' });
}

/** Each service has it in a different place. */
const codeOf = ({ code, details }: StorageError): string =>
  details?.odataError?.code ?? details?.errorCode ?? code ?? 'STORAGE_ERROR';
