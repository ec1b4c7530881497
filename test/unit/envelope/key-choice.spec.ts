import { createEnvelope, openEnvelope } from '../../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../../src/envelope/encryption-policy.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';
import { policyOf, testKey } from '../../support/blobs.js';
import { storedData } from '../../support/envelopes.js';

const context = { target: { kind: 'queue', account: 'a', queue: 'q' }, form: 'message' } as const;
const reading = (more: Partial<EncryptionPolicy>): EncryptionPolicy => ({
  protocol: '2.0',
  requireEncryption: true,
  ...more,
});
const other = AesKeyEncryptionKey.generate('other');
const impostor = AesKeyEncryptionKey.generate(testKey.keyId);
const broken = (id: string): KeyEncryptionKey => ({
  keyId: id,
  wrapKey: () => Promise.reject(new Error('no')),
  unwrapKey: () => Promise.reject(new Error('no')),
});

describe('the key that reads', () => {
  it.each<[string, Partial<EncryptionPolicy>, string]>([
    ['no key at all', {}, 'KEY_NOT_FOUND'],
    ['a key of another id', { keyEncryptionKey: other }, 'KEY_NOT_FOUND'],
    ['a resolver that does not know the id', { keyResolver: () => null }, 'KEY_NOT_FOUND'],
    ['a resolver that answers with another key', { keyResolver: () => other }, 'KEY_MISMATCH'],
    ['a resolver that fails to look', { keyResolver: () => Promise.reject(new Error('down')) }, 'KEY_UNAVAILABLE'],
    ['another key under the same id', { keyEncryptionKey: impostor }, 'KEY_UNWRAP_FAILED'],
    ['a key that fails', { keyEncryptionKey: broken(testKey.keyId) }, 'KEY_UNWRAP_FAILED'],
  ])('is refused: %s', async (_what, policy, code) => {
    const encryptionData = await storedData(policyOf('2.0'), context);

    await expect(openEnvelope(reading(policy), encryptionData, context)).rejects.toMatchObject({ code });
  });

  it.each<[string, Partial<EncryptionPolicy>]>([
    ['the configured key of that id, before the resolver', { keyEncryptionKey: testKey, keyResolver: () => impostor }],
    ['the resolver, where the configured key has another id', { keyEncryptionKey: other, keyResolver: () => testKey }],
    [
      'the resolver, where the configured key can only wrap',
      {
        keyEncryptionKey: { ...broken(testKey.keyId), canUnwrap: false },
        keyResolver: () => testKey,
      },
    ],
    ['the key that a function picks', { keyEncryptionKey: async () => Promise.resolve(testKey) }],
  ])('is %s', async (_what, policy) => {
    const encryptionData = await storedData(policyOf('2.0'), context);

    await expect(openEnvelope(reading(policy), encryptionData, context)).resolves.toBeDefined();
  });
});

describe('the key that writes', () => {
  it.each<[string, Partial<EncryptionPolicy>, string]>([
    ['none', {}, 'KEY_MISSING'],
    ['a resolver only', { keyResolver: () => testKey }, 'KEY_MISSING'],
    ['a key that fails', { keyEncryptionKey: broken('b') }, 'KEY_WRAP_FAILED'],
    ['a function that fails', { keyEncryptionKey: () => Promise.reject(new Error('down')) }, 'KEY_UNAVAILABLE'],
  ])('is refused: %s', async (_what, policy, code) => {
    await expect(createEnvelope(reading(policy), context)).rejects.toMatchObject({ code });
  });

  it('is the one given with the call, before the configured one', async () => {
    const { encryptionData } = await createEnvelope(policyOf('2.0'), { ...context, keyEncryptionKey: other });

    expect(encryptionData.wrappedKey.keyId).toBe('other');
  });
});
