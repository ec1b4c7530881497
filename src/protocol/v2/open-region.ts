/**
 * One region while it arrives, and the part that waits for its tag. Nothing of it is released before the tag has been verified.
 */
import { gcmOpening } from '../../crypto/aes-gcm.js';
import type { ContentKey } from '../../crypto/content-key.js';
import { freeMemory } from '../../crypto/free-memory.js';
import { stepsOf } from '../../crypto/steps.js';

export interface OpenRegion {
  /** Takes the next bytes of the sealed data. */
  add(sealed: Uint8Array): void;
  /** Returns the plaintext. Throws `DecryptionError` unless the tag matches all that was added. */
  verified(tag: Uint8Array): readonly Buffer[];
}

/** Its plaintext waits, in pieces. */
export function heldRegion(key: ContentKey, nonce: Uint8Array): OpenRegion {
  const opening = gcmOpening(key, nonce);
  const held: Buffer[] = [];
  return {
    add: (sealed) => {
      held.push(opening.update(sealed));
    },
    verified: (tag) => {
      opening.verify(tag);
      return held;
    },
  };
}

/**
 * Its ciphertext waits in the memory for its plaintext, and is opened there in one go: nobody can read the memory between the
 * first step and the verification. This saves memory for waiting plaintext, whose page faults cost more than the cipher
 * (bench/history.md).
 *
 * @param memory - as long as the data of the region
 */
export function regionInPlace(key: ContentKey, nonce: Uint8Array, memory: Buffer): OpenRegion {
  const ownNonce = Uint8Array.from(nonce);
  let at = 0;
  return {
    add: (sealed) => {
      memory.set(sealed, at);
      at += sealed.length;
    },
    verified: (tag) => {
      try {
        const opening = gcmOpening(key, ownNonce);
        openInSteps(memory, (sealed) => opening.update(sealed));
        opening.verify(tag);
      } catch (error) {
        memory.fill(0);
        throw error;
      }
      return [memory];
    },
  };
}

/** Copies what the cipher returns for a step while it is in the processor's cache. */
function openInSteps(memory: Buffer, open: (sealed: Uint8Array) => Buffer): void {
  let at = 0;
  for (const sealed of stepsOf(memory)) {
    const plaintext = open(sealed);
    at += plaintext.copy(memory, at);
    freeMemory(plaintext);
  }
}
