import { Logger } from '@nestjs/common';
import type { Problem } from './problem.js';

const logger = new Logger('Clinic');

/** Only unexpected errors need a stack, without the message, which may quote content. */
export function logProblem({ instance, code }: Problem, error: unknown): void {
  const isUnexpected = code === 'INTERNAL_SERVER_ERROR' && error instanceof Error;
  logger.error(`${code} ${instance}`, isUnexpected ? framesOf(error) : undefined);
}

function framesOf({ name, message, stack = '' }: Error): string {
  const at = stack.indexOf(message);
  return at < 0 ? name : `${name}${stack.slice(at + message.length)}`;
}
