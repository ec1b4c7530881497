/** Answers every error as problem details (RFC 9457), with the stable code of the package where there is one. */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { type EncryptedStorageErrorCode, isEncryptedStorageError } from 'nestjs-azure-encrypted-storage';

/** Statuses of errors that are not the server's own fault. */
const STATUS: Partial<Record<EncryptedStorageErrorCode, number>> = {
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_VALUE: 422,
  INVALID_ENTITY: 422,
  KEY_UNAVAILABLE: 503,
};

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Clinic');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const problem = problemOf(error);
    if (problem.status >= 500) this.logger.error(problem.detail);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

function problemOf(error: unknown): Problem {
  if (isEncryptedStorageError(error)) {
    return { status: STATUS[error.code] ?? 500, code: error.code, detail: error.message };
  }
  if (error instanceof HttpException) {
    return { status: error.getStatus(), code: 'BAD_REQUEST', detail: error.message };
  }
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  const isService = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isService
    ? { status: statusCode, code: code ?? 'STORAGE', detail: 'The storage service refused the request' }
    : { status: 500, code: 'INTERNAL', detail: error instanceof Error ? error.message : 'Unknown error' };
}
