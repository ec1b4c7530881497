/** Envelopes as they are stored, for tests of the envelope that need no content. */
import { createEnvelope, type EnvelopeContext } from '../../src/envelope/envelope.js';
import { type EncryptionPolicy, keysOf } from '../../src/envelope/encryption-policy.js';
import { type EncryptionData, formatEncryptionData, parseEncryptionData } from '../../src/wire/encryption-data.js';

/** The text stored with new content, without integrity entries, which there is no content for. */
export async function storedText(policy: EncryptionPolicy, context: EnvelopeContext): Promise<string> {
  const { encryptionData } = await createEnvelope({ ...policy, keys: keysOf(policy), integrity: 'off' }, context);
  return formatEncryptionData(encryptionData, context.target.kind === 'table' ? 'entity' : 'message');
}

/** The same as a reader meets it. */
export const storedData = async (policy: EncryptionPolicy, context: EnvelopeContext): Promise<EncryptionData> =>
  parseEncryptionData(await storedText(policy, context));
