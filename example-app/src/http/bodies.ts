/** How bodies are read: JSON by a parser and a validator. The interceptor of a route reads forms with files. */
import { HttpException, ValidationPipe } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';

/** Requires an application created with `bodyParser: false`. */
export function readBodies(app: NestExpressApplication): void {
  app.useBodyParser('json');
  app.use(refuseUnreadable);
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validationError: { target: false, value: false },
    }),
  );
}

/** The parser's own messages quote the body. Express recognizes an error handler by its four parameters. */
// eslint-disable-next-line no-restricted-syntax -- see above
function refuseUnreadable(error: unknown, _request: Request, _response: Response, next: NextFunction): void {
  const { status = 400 } = error as { status?: number };
  next(new HttpException(status === 413 ? 'The body is too large' : 'The body is not valid JSON', status));
}
