/** Where `@EncryptedQueueHandler()` must and must not compile. Checked by tsc, never run. */
import { EncryptedQueueHandler, type EncryptedQueueMessage } from '../../src/index.js';

export class Accepted {
  @EncryptedQueueHandler('q') nothing(): void {
    return;
  }
  @EncryptedQueueHandler('q', { concurrency: 4, account: 'eu' }) async message(
    _message: EncryptedQueueMessage,
  ): Promise<void> {
    return Promise.resolve();
  }
  @EncryptedQueueHandler('q') both(_message: EncryptedQueueMessage, _signal: AbortSignal): void {
    return;
  }
  @EncryptedQueueHandler('q') part({ text }: { readonly text: string }): void {
    text.trim();
  }
}

export class Refused {
  // @ts-expect-error it receives a message, not its text
  @EncryptedQueueHandler('q') text(_text: string): void {
    return;
  }
  // @ts-expect-error the second argument is an AbortSignal
  @EncryptedQueueHandler('q') second(_message: EncryptedQueueMessage, _second: number): void {
    return;
  }
  // @ts-expect-error there is no third argument
  @EncryptedQueueHandler('q') third(_message: EncryptedQueueMessage, _signal: AbortSignal, _third: string): void {
    return;
  }
  // @ts-expect-error results are ignored, and a boolean looks as if it mattered
  @EncryptedQueueHandler('q') answer(_message: EncryptedQueueMessage): boolean {
    return true;
  }
  // @ts-expect-error it is not a method
  @EncryptedQueueHandler('q') property = 1;
  // @ts-expect-error unknown option
  @EncryptedQueueHandler('q', { visibility: 30 }) option(): void {
    return;
  }
}
