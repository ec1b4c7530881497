/**
 * Stored bytes, over as many connections as needed: if one breaks, the next one fetches the missing bytes. The SDK does the same,
 * but treats a broken connection as an abort.
 */
import type { Readable } from 'node:stream';
import { aborted, isAbort } from '../aborts.js';
import { DownloadInterruptedError, InvalidServiceResponseError } from '../errors/transfer.js';
import { type Body, discard } from '../streams/opened-stream.js';

interface Resumption {
  readonly length: number;
  /** Maximum number of times that it may be resumed. */
  readonly tries: number;
  readonly fetchFrom: (received: number) => Promise<Readable>;
  /** An aborted body is not resumed. */
  readonly isAborted: () => boolean;
}

export class ResumedBody implements Body {
  private received = 0;
  private isDestroyed = false;

  constructor(
    private connection: Readable,
    private readonly resumption: Resumption,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    try {
      for (let resumed = 0; ; resumed += 1) {
        let failure: unknown;
        try {
          for await (const chunk of this.connection as AsyncIterable<Buffer>) {
            this.received += chunk.length;
            if (this.received > this.resumption.length) break;
            yield chunk;
          }
        } catch (error) {
          failure = error;
        }
        if (this.received === this.resumption.length) return;
        this.assertResumable(failure, resumed);
        await this.resume();
      }
    } finally {
      this.destroy();
    }
  }

  destroy(): void {
    this.isDestroyed = true;
    discard(this.connection);
  }

  private assertResumable(failure: unknown, resumed: number): void {
    const { length, tries, isAborted } = this.resumption;
    if (this.received > length) throw new InvalidServiceResponseError('has more bytes than its headers announce');
    if (isAborted() || this.isDestroyed) throw asAbortError(failure);
    if (resumed >= tries) throw new DownloadInterruptedError(this.received, length, { cause: failure });
  }

  private async resume(): Promise<void> {
    this.connection = await this.resumption.fetchFrom(this.received);
    if (this.isDestroyed) discard(this.connection);
  }
}

const asAbortError = (failure: unknown): unknown => (isAbort(failure) ? failure : aborted());
