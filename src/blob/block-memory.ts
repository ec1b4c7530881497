/**
 * Reused memory for blocks, one pool for all uploads of the process. New memory costs an upload more than its cipher, in page
 * faults and garbage collections (bench/history.md).
 *
 *     taken    by an upload that needs a block, in the size class of its length
 *     given    by an upload that succeeded: all its requests are answered, and what is in the memory is ciphertext
 *     freed    when nothing has needed it for ten seconds
 *
 * An upload that failed or was aborted gives nothing: one of its requests may still be reading the memory. A request that was
 * answered before its body was sent may still be reading it too. Over TLS it sends a copy; what it sends over `http:` belongs to
 * a request that was refused.
 */
interface IdleClock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
  /** Runs the task after this number of milliseconds. */
  after(milliseconds: number, task: () => void): unknown;
}

/** Does not keep the process alive. */
const processClock: IdleClock = {
  now: () => performance.now(),
  after: (milliseconds, task) => setTimeout(task, milliseconds).unref(),
};

/** Default number of bytes that are kept: the blocks of one upload with the defaults of the SDK. */
export const DEFAULT_KEPT_MEMORY = 32 * 1024 * 1024;

/** Shorter blocks are left to the garbage collector. In bytes. */
const LEAST_LENGTH = 64 * 1024;
/** Size classes between a power of two and the next. */
const CLASSES = 4;
const IDLE_MS = 10_000;

interface IdleMemory {
  readonly memory: ArrayBuffer;
  readonly since: number;
}

export class BlockMemory {
  /** By size; the most recently used one is last. */
  private readonly idle = new Map<number, IdleMemory[]>();
  private bytes = 0;
  private isWatched = false;

  constructor(private readonly clock: IdleClock = processClock) {}

  /** Bytes that are kept. */
  get kept(): number {
    return this.bytes;
  }

  /** A block of that many bytes, at the start of separate memory. Its content is undefined. */
  take(length: number): Buffer {
    const size = sizeOf(length);
    const found = this.idle.get(size)?.pop();
    if (found === undefined) return Buffer.allocUnsafeSlow(size).subarray(0, length);
    this.bytes -= size;
    return Buffer.from(found.memory, 0, length);
  }

  /**
   * Keeps the memory of a block that was taken here, unless more than `limit` bytes would be kept. Nothing may use the block
   * afterwards.
   */
  give({ buffer }: Buffer, limit: number): void {
    const size = buffer.byteLength;
    if (size < LEAST_LENGTH || size !== sizeOf(size) || this.bytes + size > limit) return;
    const same = this.idle.get(size) ?? [];
    same.push({ memory: buffer as ArrayBuffer, since: this.clock.now() });
    this.idle.set(size, same);
    this.bytes += size;
    this.watch();
  }

  /** Frees all that is kept. For tests, which count it. */
  reset(): void {
    this.idle.clear();
    this.bytes = 0;
  }

  private watch(): void {
    if (this.isWatched) return;
    this.isWatched = true;
    this.clock.after(IDLE_MS, () => {
      this.isWatched = false;
      this.freeUnused();
      if (this.bytes > 0) this.watch();
    });
  }

  private freeUnused(): void {
    const before = this.clock.now() - IDLE_MS;
    for (const [size, same] of this.idle) {
      const used = same.filter(({ since }) => since > before);
      this.bytes -= (same.length - used.length) * size;
      if (used.length === 0) this.idle.delete(size);
      else this.idle.set(size, used);
    }
  }
}

export const processBlocks = new BlockMemory();

/** The size of the class: at most a quarter more than the length. */
function sizeOf(length: number): number {
  if (length < LEAST_LENGTH) return length;
  const step = 2 ** Math.floor(Math.log2(length)) / CLASSES;
  return Math.ceil(length / step) * step;
}
