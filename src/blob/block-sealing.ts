/** Two ways from plaintext to blocks of ciphertext: sealed inline, or planned here and sealed in place on a worker thread. */
import { freeMemory } from '../crypto/free-memory.js';
import type { ByteTransform } from '../crypto/byte-transform.js';
import type { CipherPlan } from '../crypto/cipher-step.js';
import type { CipherThreads, ThreadedContent } from '../crypto/cipher-threads.js';
import type { ContentSealer } from '../protocol/protocol.js';
import type { SealedBlocks } from './sealed-blocks.js';

export interface BlockSealing {
  /** The length of every block except the last is a multiple of this number of bytes. */
  readonly blockMultiple: number;
  put(plaintext: Uint8Array, blocks: SealedBlocks): Promise<void>;
  end(blocks: SealedBlocks): Promise<void>;
  /** Completes a full block. Calls keep the order of the blocks. */
  complete(block: Buffer): Promise<Buffer>;
  /** Called when every block is complete. */
  finish?(): Promise<void>;
  /** Ends the sealing, complete or not. */
  close?(): void;
}

/** Seals on one of the threads, if there are any and that pays off; otherwise in this thread. */
export function blockSealing(sealer: ContentSealer, threads: CipherThreads | undefined): BlockSealing {
  const plan = threads && sealer.plan?.();
  if (threads === undefined || plan === undefined) return new InlineSealing(sealer.seal());
  return new WorkerSealing(plan, threads.open());
}

class InlineSealing implements BlockSealing {
  readonly blockMultiple = 1;

  constructor(private readonly sealer: ByteTransform) {}

  async put(plaintext: Uint8Array, blocks: SealedBlocks): Promise<void> {
    for (const ciphertext of this.sealer.push(plaintext)) {
      await blocks.write(ciphertext);
      freeMemory(ciphertext);
    }
  }

  async end(blocks: SealedBlocks): Promise<void> {
    for (const ciphertext of this.sealer.finish()) await blocks.write(ciphertext);
  }

  complete(block: Buffer): Promise<Buffer> {
    return Promise.resolve(block);
  }
}

class WorkerSealing implements BlockSealing {
  constructor(
    private readonly plan: CipherPlan,
    private readonly thread: ThreadedContent,
  ) {}

  get blockMultiple(): number {
    return this.plan.bufferMultiple;
  }

  async put(plaintext: Uint8Array, blocks: SealedBlocks): Promise<void> {
    for (let taken = 0; taken < plaintext.length;) {
      const appended = this.plan.append(await blocks.open(), blocks.filled, plaintext.subarray(taken));
      blocks.filled = appended.at;
      taken += appended.taken;
    }
  }

  async end(blocks: SealedBlocks): Promise<void> {
    for (let isWhole = false; !isWhole;) {
      const ending = this.plan.end(await blocks.open(), blocks.filled);
      blocks.filled = ending.at;
      isWhole = ending.isWhole;
    }
  }

  complete(block: Buffer): Promise<Buffer> {
    return this.thread.seal(block, this.plan.drain());
  }

  async finish(): Promise<void> {
    this.plan.takeMac?.(await this.thread.mac());
  }

  close(): void {
    this.thread.close();
  }
}
