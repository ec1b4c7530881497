/** The description of the HTTP API: `/docs` for people, `/docs-json` for programs. */
import { applyDecorators } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ApiExtraModels, ApiResponse, DocumentBuilder, getSchemaPath, SwaggerModule } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import { Problem } from './problem.js';

/** The statuses that an operation returns as problem details, each with its reason. */
export function ApiProblems(problems: Readonly<Record<number, string>>): MethodDecorator & ClassDecorator {
  const content = { 'application/problem+json': { schema: { $ref: getSchemaPath(Problem) } } };
  return applyDecorators(
    ApiExtraModels(Problem),
    ...Object.entries(problems).map(([status, description]) =>
      ApiResponse({ status: Number(status), description: description || STATUS_CODES[status], content }),
    ),
  );
}

/** A request or response body with bytes of any type. */
export const ANY_BYTES = { '*/*': { schema: { type: 'string', format: 'binary' } } } as const;

export function describeApi(app: NestExpressApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Clinic')
    .setDescription('The example application of nestjs-azure-encrypted-storage. Errors are problem details (RFC 9457).')
    .setVersion('1.0')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description));
}
