/** One rewrap of a maintenance job, without storage: whether it is wanted, and the new text of the encryption data. */
import { InvalidOptionsError } from '../../errors/input.js';
import type { EncryptionPolicy } from '../encryption-policy.js';
import type { RewrapContext, Rewrapped } from '../rewrap.js';
import { rewrapEnvelope } from '../rewrap.js';
import { isAmong, type KeyIds } from './key-ids.js';
import type { ObjectResult } from './outcome.js';

/** The writing key is one of those that the job leaves. */
const STILL_RETIRED: ObjectResult = { outcome: 'refused', code: 'WRITING_KEY_IS_RETIRED' };

export type NewText = { readonly text: string } | { readonly result: ObjectResult };

/**
 * The text to store, or why nothing is. Where one key writes everywhere and is itself to be left, the job cannot work.
 *
 * @throws `INVALID_OPTIONS` then
 */
export async function retiredText(
  policy: EncryptionPolicy,
  text: string,
  context: RewrapContext & { readonly retire: KeyIds },
): Promise<NewText> {
  return newTextOf(policy, await rewrapEnvelope(policy, text, context), context.retire);
}

export function newTextOf(policy: EncryptionPolicy, { keyId, text }: Rewrapped, retire: KeyIds): NewText {
  if (text !== null && !isAmong(retire, keyId)) return { text };
  if (typeof policy.keyEncryptionKey === 'function') return { result: STILL_RETIRED };
  throw new InvalidOptionsError([
    `key ${JSON.stringify(keyId)} writes and is to be left: make another key the writing one, or leave it out of "retire"`,
  ]);
}
