/** One rewrap of a maintenance job, without storage: whether it is needed, and the new text of the encryption data. */
import type { EncryptionPolicy } from '../encryption-policy.js';
import type { RewrapContext, Rewrapped } from '../rewrap.js';
import { rewrapEnvelope } from '../rewrap.js';
import { isAmong, type KeyIds } from './key-ids.js';
import { selectedAgain } from './new-state.js';
import type { ObjectResult } from './outcome.js';

export type NewText = { readonly text: string } | { readonly result: ObjectResult };

/** Returns the text to store, or the reason why nothing is stored. */
export async function retiredText(
  policy: EncryptionPolicy,
  text: string,
  context: RewrapContext & { readonly retire: KeyIds },
): Promise<NewText> {
  return newTextOf(policy, await rewrapEnvelope(policy, text, context), context.retire);
}

export function newTextOf(policy: EncryptionPolicy, { keyId, text }: Rewrapped, retire: KeyIds): NewText {
  if (text !== null && !isAmong(retire, keyId)) return { text };
  const fault = `key ${JSON.stringify(keyId)} writes, but is also to be retired: write with another key, or leave this one out of "retire"`;
  return { result: selectedAgain(policy, fault) };
}
