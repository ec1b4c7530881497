import { createEnvelope, openEnvelope } from '../../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../../src/envelope/encryption-policy.js';
import { storedData } from '../../support/envelopes.js';
import { SlowKey } from '../../support/slow-key.js';
import { context } from '../../support/vault-policies.js';

const policyOf = (key: SlowKey, text: unknown): EncryptionPolicy => ({
  protocol: '2.0',
  requireEncryption: true,
  keyEncryptionKey: key,
  context: () => text as string,
});

describe('a context that is not text', () => {
  it.each([
    ['an empty text', ''],
    ['half of a character', 'tenant \ud83c'],
    ['nothing', undefined],
    ['a promise', Promise.resolve('tenant')],
  ])('is rejected before the key is called: %s', async (_what, text) => {
    const key = new SlowKey('slow');

    await expect(createEnvelope(policyOf(key, text), context)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(key.wraps).toBe(0);
  });

  it('is rejected when reading too', async () => {
    const key = new SlowKey('slow');
    const data = await storedData(policyOf(key, 'tenant'), context);

    await expect(openEnvelope(policyOf(key, 'tenant \ud83c'), data, context)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
  });
});
