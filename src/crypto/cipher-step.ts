/** What is to be done, in order, to a buffer that holds plaintext in the places where its ciphertext belongs. */
import type { ContentKey } from './content-key.js';

/** A cipher starts. CBC is not padded by it: what is sealed is a multiple of 16 bytes. */
export interface BeginStep {
  readonly step: 'begin';
  readonly algorithm: 'aes-256-cbc' | 'aes-256-gcm';
  readonly key: ContentKey;
  readonly iv: Uint8Array;
}

/** Bytes of the buffer that are sealed where they stand. */
export interface SealStep {
  readonly step: 'seal';
  readonly from: number;
  readonly to: number;
}

/** Bytes of the tag of all that was sealed since the cipher started; they may be spread over two buffers. */
export interface TagStep {
  readonly step: 'tag';
  /** Where in the buffer they go. */
  readonly at: number;
  /** Which of the 16 they are. */
  readonly from: number;
  readonly to: number;
}

export type CipherStep = BeginStep | SealStep | TagStep;

/**
 * A content laid out for sealing in place. The caller fills one buffer after another from the front; what the layout has of its
 * own (nonces, padding) is written between. No two buffers are filled at once.
 */
export interface CipherScript {
  /** Every buffer is a multiple of so many bytes long. */
  readonly bufferMultiple: number;
  /** Lays plaintext into `buffer` from `at`; stops where the plaintext or the buffer ends. */
  lay(buffer: Buffer, at: number, plaintext: Uint8Array): Laid;
  /** Lays what follows the last plaintext; to be repeated with the next buffer while `isWhole` is false. */
  end(buffer: Buffer, at: number): { readonly at: number; readonly isWhole: boolean };
  /** What is to be done to the buffer that was filled since the last call. */
  takeSteps(): readonly CipherStep[];
}

export interface Laid {
  /** Where the buffer is free now. */
  readonly at: number;
  /** Bytes of plaintext that were laid. */
  readonly taken: number;
}
