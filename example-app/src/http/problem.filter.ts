import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { problemOf } from './problem.js';
import { logProblem } from './problem-log.js';

const OF_CONTENT = ['Accept-Ranges', 'Content-Length', 'ETag', 'Last-Modified'];

/**
 * Answers every error with problem details. If the response has started, the connection is closed instead, so that a
 * partial response does not look complete.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.destroyed) return;
    const problem = problemOf(error);
    if (problem.status >= 500) logProblem(problem, error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // headers of the content do not apply to the problem
    for (const name of OF_CONTENT) response.removeHeader(name);
    if (problem.status !== 416) response.removeHeader('Content-Range');
    response
      .status(problem.status)
      .set({ ...problem.headers, 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json' })
      .end(JSON.stringify(problem));
  }
}
