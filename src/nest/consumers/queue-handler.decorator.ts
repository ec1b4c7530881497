import { PARENTHESES_ADVICE } from '../../decorators/parentheses.js';
import { isStandardCall, STANDARD_CALL_ADVICE } from '../../decorators/standard-decorators.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { EncryptedQueueMessageHandler } from '../../queue/consumer/encrypted-queue-message.js';
import { type EncryptedQueueHandlerOptions, recordQueueHandler } from './queue-handler-metadata.js';

/**
 * Marks a method of a provider as the handler for the messages of a queue. It is found when the application starts.
 *
 * The method receives the decrypted message and an `AbortSignal`. When it returns, the message is deleted. When it throws, the
 * message is delivered again later, and moves to the poison queue after `maxFailures`. A message that cannot be decrypted moves
 * there at once. Messages are delivered at least once, so handlers must be idempotent.
 *
 * The keys and the policy are those of the module of the provider, as if the provider injected the client of that queue: those of
 * the `forFeature` that the module imports, or else of the account's `forRoot`.
 *
 * @param queue - name of the queue in the account
 * @throws `INVALID_OPTIONS` for static methods. Invalid options stop start-up, and one error lists all of them.
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { EncryptedQueueHandler, type EncryptedQueueMessage } from 'nestjs-azure-encrypted-storage';
 *
 * @Injectable()
 * export class ReferralsHandler {
 *   @EncryptedQueueHandler('referrals', { concurrency: 4, createIfNotExists: true })
 *   async handle(message: EncryptedQueueMessage, signal: AbortSignal): Promise<void> {
 *     await fetch('https://ward.example/referrals', { method: 'POST', body: message.text, signal });
 *   }
 * }
 * ```
 */
export function EncryptedQueueHandler(
  queue: string,
  options: EncryptedQueueHandlerOptions = {},
): <Method extends EncryptedQueueMessageHandler>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  if (typeof (queue as unknown) === 'object' && (queue as unknown) !== null)
    throw new InvalidOptionsError([`@EncryptedQueueHandler() ${PARENTHESES_ADVICE}`]);
  return (target, propertyKey) => {
    if (isStandardCall(propertyKey))
      throw new InvalidOptionsError([`@EncryptedQueueHandler() ${STANDARD_CALL_ADVICE}`]);
    if (typeof target === 'function') {
      throw new InvalidOptionsError([
        `@EncryptedQueueHandler() works on methods of providers: "${String(propertyKey)}" is static`,
      ]);
    }
    recordQueueHandler(target, propertyKey, { queue, options });
  };
}
