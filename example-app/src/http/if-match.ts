/** The condition of a change: only if the row has not changed since. */
import { BadRequestException, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The ETag of a row is weak. The service does not accept a list of ETags. */
const CONDITION = /^(\*|W\/"[!#-~]*")$/;

export interface Condition {
  readonly etag?: string;
}

/** The header `If-Match` as an option of the SDK; undefined without the header. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): Condition => {
  const etag = context.switchToHttp().getRequest<Request>().headers['if-match'];
  if (etag === undefined) return {};
  if (CONDITION.test(etag)) return { etag };
  throw new BadRequestException(['If-Match must be one ETag, as returned with the row, or *']);
});
