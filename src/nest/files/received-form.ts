/**
 * One multipart form while it arrives. Its files become visible together: when the last part has been received and every file has
 * been read to its end. If a client disconnects between two parts, or a file is rejected, nothing is left behind.
 */
import type { IncomingMessage } from 'node:http';

/** Time between two checks of a request. */
const STANDSTILL_MS = 5_000;

export class ReceivedForm {
  readonly #failure = new AbortController();
  /** Files that have begun and have not been read to their end. */
  #unread = 0;
  #isReceived = false;
  #isDecided = false;
  #decide: () => void = () => undefined;
  readonly #decided = new Promise<void>((resolve) => {
    this.#decide = resolve;
  });

  /** The form in the body of a request. */
  static of(request: IncomingMessage): ReceivedForm {
    const form = new ReceivedForm();
    const close = (): void => {
      if (request.readableEnded) form.complete();
      else form.fail();
    };
    const watch = setInterval(form.#watchOf(request), STANDSTILL_MS).unref();
    request.once('end', () => {
      form.complete();
    });
    request.once('close', () => {
      clearInterval(watch);
      close();
    });
    if (request.closed) close();
    return form;
  }

  /** Aborts the uploads of a form that has failed. It never aborts the request that makes files visible. */
  get signal(): AbortSignal {
    return this.#failure.signal;
  }

  /** A file begins. */
  begin(): void {
    this.#unread += 1;
  }

  /** A file was read to its end: waits for the others and for the last part. Rejects if the form has failed. */
  async end(): Promise<void> {
    this.#unread -= 1;
    this.#decideIfWhole();
    await this.#decided;
    this.signal.throwIfAborted();
  }

  /** The last part has been received. */
  complete(): void {
    this.#isReceived = true;
    this.#decideIfWhole();
  }

  /** A part was not received or was rejected. Files that are already being made visible are not affected. */
  fail(): void {
    if (this.#isDecided) return;
    this.#failure.abort();
    this.#settle();
  }

  /**
   * Fails a form that makes no progress twice in a row although all of its files were read. Then it has another file, which
   * Multer has rejected and does not read, so that nothing would ever end the request.
   */
  #watchOf(request: IncomingMessage): () => void {
    let stoodStill = false;
    return () => {
      const standsStill = request.readableFlowing === false && this.#unread === 0;
      if (stoodStill && standsStill) this.fail();
      stoodStill = standsStill;
    };
  }

  #decideIfWhole(): void {
    if (this.#isReceived && this.#unread === 0) this.#settle();
  }

  #settle(): void {
    this.#isDecided = true;
    this.#decide();
  }
}
