import { isStandardCall, STANDARD_CALL_ADVICE } from '../../decorators/standard-decorators.js';
import { InvalidOptionsError } from '../../errors/input.js';
import type { EncryptedQueueMessageHandler } from '../../queue/consumer/encrypted-queue-message.js';
import { type EncryptedQueueHandlerOptions, recordQueueHandler } from './queue-handler-metadata.js';

/**
 * Marks the method of a provider that handles the messages of a queue. It only records; the application's start finds it.
 *
 * The method gets the decrypted message and an `AbortSignal`. When it returns, the message is deleted. When it throws, the message
 * comes again later, and goes to the poison queue after `maxFailures`; a message that cannot be decrypted goes there at once.
 * Messages come at least once: a handler must bear the same one twice.
 *
 * The keys and the policy are those of the module that the provider is in, as if it injected the client of that queue: of the
 * `forFeature` that this module imports if there is one, or else of the account's `forRoot`.
 *
 * @param queue - name of the queue, as the service knows it
 * @throws `INVALID_OPTIONS` for static methods. Faults of the options fail the start of the application, all at once
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
