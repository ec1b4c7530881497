/** The steps that seal a buffer in place. The buffer holds plaintext in the positions where its ciphertext belongs. */
import type { ContentKey } from './content-key.js';
import type { MacKey } from './hmac.js';

/** Starts a cipher. CBC runs without padding, so the sealed bytes are a multiple of 16. */
interface BeginStep {
  readonly step: 'begin';
  readonly algorithm: 'aes-256-cbc' | 'aes-256-gcm';
  readonly key: ContentKey;
  readonly iv: Uint8Array;
  /** Key of a MAC over all of the ciphertext, if one is needed. */
  readonly macKey?: MacKey;
}

interface SealStep {
  readonly step: 'seal';
  readonly from: number;
  readonly to: number;
}

/** Writes bytes of the tag over everything sealed since the cipher started. The tag may be split between two buffers. */
interface TagStep {
  readonly step: 'tag';
  /** Position in the buffer. */
  readonly at: number;
  /** Which of the 16 bytes of the tag. */
  readonly from: number;
  readonly to: number;
}

export type CipherStep = BeginStep | SealStep | TagStep;

/**
 * Lays content out in buffers and plans the steps that seal it in place. The caller fills one buffer after another, from the front;
 * the plan writes nonces and padding in between. Two buffers are never filled at the same time.
 */
export interface CipherPlan {
  /** The length of every buffer is a multiple of this number of bytes. */
  readonly bufferMultiple: number;
  /** Copies plaintext into `buffer` from position `at`. Stops at the end of the plaintext or of the buffer. */
  append(buffer: Buffer, at: number, plaintext: Uint8Array): Appended;
  /** Appends what follows the last plaintext. Call it again with the next buffer while `isWhole` is false. */
  end(buffer: Buffer, at: number): { readonly at: number; readonly isWhole: boolean };
  /** Returns and removes the steps for the buffer that was filled since the last call. */
  drain(): readonly CipherStep[];
  /** Receives the MAC over all of the ciphertext, once it is sealed. Only if a step asked for one. */
  takeMac?(mac: Uint8Array): void;
}

export interface Appended {
  /** First free position of the buffer. */
  readonly at: number;
  /** Number of bytes of plaintext that were appended. */
  readonly taken: number;
}
