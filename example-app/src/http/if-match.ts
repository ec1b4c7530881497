/** The condition of a change: only if nobody changed the row since. */
import { BadRequestException, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** The ETag of a row is weak. A list of them is nothing that the service takes. */
const CONDITION = /^(\*|W\/"[!#-~]*")$/;

export interface Condition {
  readonly etag?: string;
}

/** The header `If-Match` as an option of the SDK; none without the header. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): Condition => {
  const etag = context.switchToHttp().getRequest<Request>().headers['if-match'];
  if (etag === undefined) return {};
  if (CONDITION.test(etag)) return { etag };
  throw new BadRequestException(['If-Match is one ETag, as it came with the row, or *']);
});
