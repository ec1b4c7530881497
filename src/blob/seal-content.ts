/** Runs a source of plaintext through a sealer into a sink, in small steps that leave the event loop free. */
import { AbortError } from '@azure/abort-controller';
import type { ByteTransform } from '../crypto/byte-transform.js';
import { SourceLengthError } from '../errors.js';
import type { KeyOperationOptions } from '../keys/key-encryption-key.js';
import type { ByteSource } from '../streams/source.js';
import { traced } from '../tracing/span.js';
import { stepsOf, TimeSlice } from '../streams/time-slice.js';

export interface Sealing {
  readonly source: ByteSource;
  readonly sealer: ByteTransform;
  readonly write: (ciphertext: Buffer) => Promise<void>;
  /** Bytes that the source must give, where they were announced. */
  readonly expectedLength?: number;
  /** Of the protocol, for the trace. */
  readonly protocol: string;
  /** Abort signal and trace of the upload. */
  readonly operation: KeyOperationOptions;
  /** Called with the bytes of plaintext taken so far. */
  readonly onTaken: (plaintextBytes: number) => void;
}

/** Throws {@link SourceLengthError} if the source does not keep to its announced length. */
export function sealContent(sealing: Sealing): Promise<void> {
  return traced('Content.seal', sealing.operation, async (_options, tell) => {
    const plaintextBytes = await sealAll(sealing);
    tell({ protocol: sealing.protocol, plaintextBytes });
  });
}

async function sealAll(sealing: Sealing): Promise<number> {
  const slice = new TimeSlice();
  let taken = 0;
  for await (const chunk of sealing.source) {
    for (const step of stepsOf(chunk)) {
      if (sealing.operation.abortSignal?.aborted === true) throw new AbortError('The operation was aborted.');
      taken += step.length;
      assertLength(taken <= (sealing.expectedLength ?? Infinity), sealing, taken);
      sealing.onTaken(taken);
      for (const ciphertext of sealing.sealer.push(step)) await sealing.write(ciphertext);
      await slice.breathe();
    }
  }
  assertLength(taken === (sealing.expectedLength ?? taken), sealing, taken);
  for (const ciphertext of sealing.sealer.finish()) await sealing.write(ciphertext);
  return taken;
}

function assertLength(holds: boolean, { expectedLength = 0 }: Sealing, taken: number): void {
  if (!holds) throw new SourceLengthError(expectedLength, taken);
}
