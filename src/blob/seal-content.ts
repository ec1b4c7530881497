/** Seals a source of plaintext into blocks, in small steps that leave the event loop free. */
import type { AbortSignalLike } from '@azure/abort-controller';
import { throwIfAborted, unlessAborted } from '../aborts.js';
import { SourceLengthError } from '../errors/input.js';
import type { ByteSource } from '../streams/source.js';
import { stepsOf } from '../crypto/steps.js';
import { TimeSlice } from '../streams/time-slice.js';
import type { BlockSealing } from './block-sealing.js';
import type { SealedBlocks } from './sealed-blocks.js';

interface Sealing {
  readonly source: ByteSource;
  readonly sealing: BlockSealing;
  readonly blocks: SealedBlocks;
  /** Number of bytes that the source must return, if it was announced. */
  readonly expectedLength?: number | undefined;
  readonly abortSignal?: AbortSignalLike | undefined;
  /** Called with the number of plaintext bytes taken so far. */
  readonly onTaken: (plaintextBytes: number) => void;
}

/** Throws {@link SourceLengthError} if the length of the source is not the announced one. The last block is then not sent. */
export async function sealContent(content: Sealing): Promise<void> {
  const { source, sealing, blocks, expectedLength, abortSignal, onTaken } = content;
  const slice = new TimeSlice();
  let taken = 0;
  for await (const chunk of untilAborted(source, abortSignal)) {
    for (const step of stepsOf(chunk)) {
      throwIfAborted(abortSignal);
      taken += step.length;
      assertLength(taken <= (expectedLength ?? Infinity), taken, expectedLength);
      onTaken(taken);
      await sealing.put(step, blocks);
      await slice.breathe();
    }
  }
  assertLength(taken === (expectedLength ?? taken), taken, expectedLength);
  await sealing.end(blocks);
}

/** The chunks of a source. It may return none for hours, and an abort does not wait for the next one. */
export async function* untilAborted(
  source: ByteSource,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isWaiting = true;
  try {
    for (;;) {
      isWaiting = true;
      const next = await unlessAborted(nextOf(iterator), signal);
      isWaiting = false;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    const ending = Promise.resolve(iterator.return?.());
    // a pending read ends when the source returns something
    if (isWaiting) ending.catch(() => undefined);
    else await ending;
  }
}

const nextOf = async (iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>) => iterator.next();

function assertLength(holds: boolean, taken: number, expectedLength = 0): void {
  if (!holds) throw new SourceLengthError(expectedLength, taken);
}
