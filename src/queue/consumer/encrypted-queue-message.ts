import type { ReceivedMessageItem } from '@azure/storage-queue';
import { UnprocessableMessageError } from '../../errors/input.js';
import type { TracedJson } from '../json-text.js';
import { type MessageValidator, validated } from './message-validator.js';

/** A decrypted message, as a handler receives it. */
export class EncryptedQueueMessage {
  readonly id: string;
  /** How often it was received, including this time. */
  readonly dequeueCount: number;
  readonly insertedOn: Date;
  readonly expiresOn: Date;
  readonly #traced: TracedJson | undefined;

  constructor(
    item: ReceivedMessageItem,
    /** The exact content. This is the only safe way to read bytes that may not be UTF-8. */
    readonly bytes: Buffer,
    traced?: TracedJson,
  ) {
    this.#traced = traced;
    this.id = item.messageId;
    this.dequeueCount = item.dequeueCount;
    this.insertedOn = item.insertedOn;
    this.expiresOn = item.expiresOn;
  }

  /** The content decoded as UTF-8, with U+FFFD in place of invalid bytes. Read messages that may not be UTF-8 from `bytes`. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  /**
   * Parses the content as JSON. The sender determines what it contains, so pass a validator, or validate it before you use it.
   *
   * @throws `UNPROCESSABLE_MESSAGE` if it is not JSON. If the handler does not catch it, the message moves to the poison queue.
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it expects
  json<T = unknown>(): T;
  /**
   * Parses the content as JSON and validates it.
   *
   * @param validator - a Standard Schema (of zod, valibot, arktype and others), or a class with the decorators of class-validator
   * @returns the output of the schema, or an instance of the class
   * @throws `UNPROCESSABLE_MESSAGE` if it is not JSON or not valid; `INVALID_OPTIONS` if a class is passed and class-validator or
   * class-transformer is not installed
   *
   * @example
   * ```ts
   * import { IsString } from 'class-validator';
   * import { EncryptedQueueHandler, type EncryptedQueueMessage } from 'nestjs-azure-encrypted-storage';
   *
   * class Referral {
   *   @IsString()
   *   patient!: string;
   * }
   *
   * export class ReferralsHandler {
   *   @EncryptedQueueHandler('referrals')
   *   async handle(message: EncryptedQueueMessage): Promise<void> {
   *     const { patient } = await message.json(Referral);
   *     await fetch(`https://ward.example/${encodeURIComponent(patient)}`, { method: 'POST' });
   *   }
   * }
   * ```
   */
  json<T>(validator: MessageValidator<T>): Promise<T>;
  json<T>(validator?: MessageValidator<T>): T | Promise<T> {
    if (validator === undefined) return this.#parsed() as T;
    return Promise.resolve().then(() => validated(this.#parsed(), validator));
  }

  /** A trace that the sender added is not part of the value. */
  #parsed(): unknown {
    if (this.#traced !== undefined) return structuredClone(this.#traced.value);
    try {
      return JSON.parse(this.text);
    } catch {
      // the error of the parser quotes the text
      throw new UnprocessableMessageError('The message is not JSON: send JSON, or read "text" or "bytes"');
    }
  }
}

/**
 * Handles one message. When it returns, the message is deleted. When it throws, the message is delivered again later.
 *
 * @param signal - aborted when the consumer stops and the handler's time is up, and when the message is lost to another consumer
 */
export type EncryptedQueueMessageHandler = (
  message: EncryptedQueueMessage,
  signal: AbortSignal,
) => void | Promise<void>;
