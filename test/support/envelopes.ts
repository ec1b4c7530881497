/** Stored envelopes, for tests that need no content. */
import { createEnvelope, type EnvelopeContext } from '../../src/envelope/envelope.js';
import { type EncryptionPolicy, keysOf } from '../../src/envelope/encryption-policy.js';
import { type EncryptionData, formatEncryptionData, parseEncryptionData } from '../../src/wire/encryption-data.js';

/** The text stored with new content, without integrity entries, because there is no content. */
export async function storedText(policy: EncryptionPolicy, context: EnvelopeContext): Promise<string> {
  const { encryptionData } = await createEnvelope({ ...policy, keys: keysOf(policy), integrity: 'off' }, context);
  return formatEncryptionData(encryptionData, context.target.kind === 'table' ? 'entity' : 'message');
}

/** The same as seen by a reader. */
export const storedData = async (policy: EncryptionPolicy, context: EnvelopeContext): Promise<EncryptionData> =>
  parseEncryptionData(await storedText(policy, context));
