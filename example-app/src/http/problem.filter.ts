import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { type Problem, problemOf } from './problem.js';

const OF_CONTENT = ['Accept-Ranges', 'Content-Length', 'ETag', 'Last-Modified'];

/** Answers every error as problem details; where the answer has begun, its connection ends instead: no half looks whole. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Clinic');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.destroyed) return;
    const problem = problemOf(error);
    if (problem.status >= 500) this.log(problem, error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // what was said of the content does not hold for its problem
    for (const name of OF_CONTENT) response.removeHeader(name);
    if (problem.status !== 416) response.removeHeader('Content-Range');
    response
      .status(problem.status)
      .set({ ...problem.headers, 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json' })
      .end(JSON.stringify(problem));
  }

  /** Only what nobody expected needs a stack, and that without the message: it may quote content. */
  private log({ instance, code }: Problem, error: unknown): void {
    const isUnexpected = code === 'INTERNAL_SERVER_ERROR' && error instanceof Error;
    this.logger.error(`${code} ${instance}`, isUnexpected ? framesOf(error) : undefined);
  }
}

function framesOf({ name, message, stack = '' }: Error): string {
  const at = stack.indexOf(message);
  return at < 0 ? name : `${name}${stack.slice(at + message.length)}`;
}
