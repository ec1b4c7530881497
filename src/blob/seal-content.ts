/** Runs a source of plaintext through a sealer into a sink, in small steps that leave the event loop free. */
import type { AbortSignalLike } from '@azure/abort-controller';
import { AbortError } from '@azure/abort-controller';
import type { ByteTransform } from '../crypto/byte-transform.js';
import { SourceLengthError } from '../errors.js';
import type { ByteSource } from '../streams/source.js';
import { stepsOf, TimeSlice } from '../streams/time-slice.js';

export interface Sealing {
  readonly source: ByteSource;
  readonly sealer: ByteTransform;
  readonly write: (ciphertext: Buffer) => Promise<void>;
  /** Bytes that the source must give, where they were announced. */
  readonly expectedLength?: number;
  readonly abortSignal?: AbortSignalLike;
  /** Called with the bytes of plaintext taken so far. */
  readonly onTaken: (plaintextBytes: number) => void;
}

/** Throws {@link SourceLengthError} if the source does not keep to its announced length. */
export async function sealContent(sealing: Sealing): Promise<void> {
  const slice = new TimeSlice();
  let taken = 0;
  for await (const chunk of sealing.source) {
    for (const step of stepsOf(chunk)) {
      if (sealing.abortSignal?.aborted === true) throw new AbortError('The operation was aborted.');
      taken += step.length;
      assertLength(taken <= (sealing.expectedLength ?? Infinity), sealing, taken);
      sealing.onTaken(taken);
      for (const ciphertext of sealing.sealer.push(step)) await sealing.write(ciphertext);
      await slice.breathe();
    }
  }
  assertLength(taken === (sealing.expectedLength ?? taken), sealing, taken);
  for (const ciphertext of sealing.sealer.finish()) await sealing.write(ciphertext);
}

function assertLength(holds: boolean, { expectedLength = 0 }: Sealing, taken: number): void {
  if (!holds) throw new SourceLengthError(expectedLength, taken);
}
