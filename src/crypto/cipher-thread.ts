/**
 * One worker thread that seals buffers in place. Buffers are transferred, never copied; the key is passed as a handle.
 *
 * The program of the thread is a string, so that it runs in both builds of this package and in a bundle of the application, which
 * would not include a separate file.
 */
import { Worker } from 'node:worker_threads';
import { CipherThreadError } from '../errors/content.js';
import type { CipherStep } from './cipher-step.js';

const PROGRAM = `
const { MessageChannel, parentPort } = require('node:worker_threads');
const { createCipheriv, createHmac } = require('node:crypto');
const PIECE = 65536;
const contents = new Map();
// free-memory.ts explains why
const { port1: nowhere } = new MessageChannel();
nowhere.close();

const steps = {
  begin(content, bytes, { algorithm, key, iv, macKey }) {
    const options = algorithm === 'aes-256-gcm' ? { authTagLength: 16 } : undefined;
    content.cipher = createCipheriv(algorithm, key, iv, options).setAutoPadding(false);
    content.tag = undefined;
    if (macKey !== undefined) content.mac = createHmac('sha256', macKey);
  },
  seal({ cipher, mac }, bytes, { from, to }) {
    for (let at = from; at < to; at += PIECE) {
      const sealed = cipher.update(bytes.subarray(at, Math.min(to, at + PIECE)));
      bytes.set(sealed, at);
      mac?.update(sealed);
      nowhere.postMessage(null, [sealed.buffer]);
    }
  },
  tag(content, bytes, { at, from, to }) {
    if (content.tag === undefined) {
      content.cipher.final();
      content.tag = content.cipher.getAuthTag();
    }
    bytes.set(content.tag.subarray(from, to), at);
  },
};

const orders = {
  seal({ id, length, buffer, todo }) {
    const content = contents.get(id) ?? {};
    contents.set(id, content);
    const bytes = new Uint8Array(buffer, 0, length);
    for (const step of todo) steps[step.step](content, bytes, step);
    parentPort.postMessage(buffer, [buffer]);
  },
  mac({ id }) {
    parentPort.postMessage(Uint8Array.from(contents.get(id).mac.digest()).buffer);
  },
  forget({ id }) {
    contents.delete(id);
  },
};

parentPort.on('message', (order) => orders[order.order](order));
`;

interface Waiting {
  readonly resolve: (buffer: ArrayBuffer) => void;
  readonly reject: (error: Error) => void;
}

export class CipherThread {
  /** Number of contents that are being sealed on it. */
  contents = 0;
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];
  private ended: Error | null = null;
  private isRetired = false;

  constructor() {
    // without the flags and preloaded modules of the application, which are not meant for this thread
    this.worker = new Worker(PROGRAM, { eval: true, execArgv: [], env: {}, name: 'nestjs-azure-encrypted-storage' });
    this.worker.unref();
    this.worker.on('message', (buffer: ArrayBuffer) => this.settle((first) => first.resolve(buffer)));
    this.worker.on('error', (cause) => this.end(new CipherThreadError({ cause })));
    this.worker.on('exit', () => this.end(new CipherThreadError()));
  }

  get isAlive(): boolean {
    return this.ended === null;
  }

  /**
   * Transfers a buffer for good and resolves to its memory, sealed. Buffers of one content are sealed in the order of the calls.
   */
  seal(id: number, { buffer, byteLength }: Uint8Array, todo: readonly CipherStep[]): Promise<ArrayBuffer> {
    return this.ask({ order: 'seal', id, length: byteLength, buffer, todo }, [buffer as ArrayBuffer]);
  }

  /** The MAC over all that was sealed of content whose steps ask for one. Call it once. */
  mac(id: number): Promise<ArrayBuffer> {
    return this.ask({ order: 'mac', id }, []);
  }

  /** Discards the key and the cipher of a content. */
  forget(id: number): void {
    this.contents -= 1;
    this.worker.postMessage({ order: 'forget', id });
    if (this.isRetired) void this.retire();
  }

  /** Ends the thread as soon as it has nothing to seal. */
  async retire(): Promise<void> {
    this.isRetired = true;
    if (this.contents === 0) await this.worker.terminate();
  }

  private async ask(order: object, transferred: readonly ArrayBuffer[]): Promise<ArrayBuffer> {
    if (this.ended !== null) throw this.ended;
    return new Promise((resolve, reject) => {
      // this throws for memory that cannot be transferred; then there is no answer to wait for
      this.worker.postMessage(order, transferred);
      this.worker.ref();
      this.waiting.push({ resolve, reject });
    });
  }

  private settle(how: (first: Waiting) => void): void {
    const first = this.waiting.shift();
    if (first !== undefined) how(first);
    // an idle thread does not keep the process alive, a busy one does
    if (this.waiting.length === 0) this.worker.unref();
  }

  private end(error: Error): void {
    this.ended ??= error;
    while (this.waiting.length > 0) this.settle((first) => first.reject(error));
  }
}
