import { isContentFault, isKeyOutage } from '../../../src/envelope/content-fault.js';
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
    ['a resolver that returns another key', { keyResolver: () => other }, 'KEY_MISMATCH'],
    ['a resolver whose lookup fails', { keyResolver: () => Promise.reject(new Error('down')) }, 'KEY_UNAVAILABLE'],
    ['another key under the same id', { keyEncryptionKey: impostor }, 'KEY_UNWRAP_FAILED'],
    ['a key that fails', { keyEncryptionKey: broken(testKey.keyId) }, 'KEY_UNWRAP_FAILED'],
  ])('is rejected: %s', async (_what, policy, code) => {
    const encryptionData = await storedData(policyOf('2.0'), context);

    await expect(openEnvelope(reading(policy), encryptionData, context)).rejects.toMatchObject({ code });
  });

  it.each<[string, Partial<EncryptionPolicy>]>([
    ['the configured key of that id, before the resolver', { keyEncryptionKey: testKey, keyResolver: () => impostor }],
    ['the resolver, if the configured key has another id', { keyEncryptionKey: other, keyResolver: () => testKey }],
    [
      'the resolver, if the configured key can only wrap',
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

describe('a value that is not a key, when types are not checked,', () => {
  const values: [string, unknown][] = [
    ['a text', 'clinic:2026'],
    ['a map of keys', new Map([[testKey.keyId, testKey]])],
    ['a list of keys', [testKey]],
    ['a function', () => testKey],
    ['an object without methods', { keyId: testKey.keyId }],
  ];

  it.each(values)('is not used to read, and does not count as a fault of the content: %s', async (_what, value) => {
    const encryptionData = await storedData(policyOf('2.0'), context);
    const policy = reading({ keyResolver: () => value as KeyEncryptionKey });

    const error: unknown = await openEnvelope(policy, encryptionData, context).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('what "keyResolver" returns') as unknown,
    });
    expect(isContentFault(error)).toBe(false);
  });

  it.each(values)('is not used to write: %s', async (_what, value) => {
    const key = value as KeyEncryptionKey;

    await expect(createEnvelope(reading({ keyEncryptionKey: () => key }), context)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      faults: ['what "keyEncryptionKey" returns must be a key with keyId, wrapKey and unwrapKey'],
    });
    await expect(createEnvelope(reading({}), { ...context, keyEncryptionKey: key })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      faults: ['"keyEncryptionKey" must be a key with keyId, wrapKey and unwrapKey'],
    });
  });
});

describe('a stored key id that is a malformed address of a key', () => {
  const HOSTILE = 'https://clinic.vault.azure.net/keys/tenant-a/../tenant-b/0123456789abcdef0123456789abcdef';
  const opening = async (policy: Partial<EncryptionPolicy>, keyId: string) => {
    const encryptionData = await storedData(policyOf('2.0'), context);
    const wrappedKey = { ...encryptionData.wrappedKey, keyId };
    return openEnvelope(reading(policy), { ...encryptionData, wrappedKey }, context);
  };

  it('is a fault of the content, and is not passed to functions that compare only a part of it', async () => {
    const asked: string[] = [];
    const noted = (keyId: string) => asked.push(keyId) > 0;

    const policy = { keyResolver: (keyId: string) => (noted(keyId) ? testKey : null), allowKey: noted };

    await expect(opening(policy, HOSTILE)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND', keyId: HOSTILE });
    expect(asked).toEqual([]);
  });

  it.each([
    ['with the right form', 'https://clinic.vault.azure.net/keys/records/0123456789abcdef0123456789abcdef'],
    ['that is not an address', 'clinic:2026'],
  ])('does not explain why a function throws for an id %s: that is an outage', async (_what, keyId) => {
    const failing = () => Promise.reject(new Error('down'));

    for (const policy of [{ keyResolver: failing }, { keyResolver: () => testKey, allowKey: failing }]) {
      await expect(opening(policy, keyId)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE', keyId });
    }
  });
});

describe('a key of your own whose service', () => {
  it.each([
    ['refuses access', { statusCode: 403 }, 'KEY_ACCESS_DENIED'],
    ['does not know the key', { statusCode: 404 }, 'KEY_DELETED'],
    ['is throttled', { statusCode: 429 }, 'KEY_UNAVAILABLE'],
    ['issues no token', { name: 'AuthenticationError', statusCode: 400 }, 'KEY_UNAVAILABLE'],
    ['does not answer', { code: 'ECONNRESET' }, 'KEY_UNAVAILABLE'],
    ['rejects the bytes', { statusCode: 400 }, 'KEY_UNWRAP_FAILED'],
  ])('%s throws %j, which is %s', async (_what, failure, code) => {
    const encryptionData = await storedData(policyOf('2.0'), context);
    const unwrapKey = () => Promise.reject(Object.assign(new Error('no'), failure));
    const policy = reading({ keyEncryptionKey: { ...broken(testKey.keyId), unwrapKey } });

    const error: unknown = await openEnvelope(policy, encryptionData, context).catch((reason: unknown) => reason);

    expect(error).toMatchObject({ code });
    expect(isContentFault(error)).toBe(code === 'KEY_UNWRAP_FAILED');
    expect(isKeyOutage(error)).toBe(code !== 'KEY_UNWRAP_FAILED');
  });
});

describe('the key that writes', () => {
  it.each<[string, Partial<EncryptionPolicy>, string]>([
    ['none', {}, 'KEY_MISSING'],
    ['a resolver only', { keyResolver: () => testKey }, 'KEY_MISSING'],
    ['a key that fails', { keyEncryptionKey: broken('b') }, 'KEY_WRAP_FAILED'],
    ['a function that fails', { keyEncryptionKey: () => Promise.reject(new Error('down')) }, 'KEY_UNAVAILABLE'],
  ])('is rejected: %s', async (_what, policy, code) => {
    await expect(createEnvelope(reading(policy), context)).rejects.toMatchObject({ code });
  });

  it.each<[string, object]>([
    ['no id', { algorithm: 'X', encryptedKey: Buffer.of(1) }],
    ['an id that is not text', { keyId: 7, algorithm: 'X', encryptedKey: Buffer.of(1) }],
    ['an empty id', { keyId: '', algorithm: 'X', encryptedKey: Buffer.of(1) }],
    ['no algorithm', { keyId: 'b', encryptedKey: Buffer.of(1) }],
    ['no bytes', { keyId: 'b', algorithm: 'X' }],
    ['zero bytes', { keyId: 'b', algorithm: 'X', encryptedKey: Buffer.alloc(0) }],
    ['text instead of bytes', { keyId: 'b', algorithm: 'X', encryptedKey: 'AQ==' }],
  ])('is rejected if its answer has %s, because nobody could read what would be stored', async (_what, answer) => {
    const keyEncryptionKey = { ...broken('b'), wrapKey: async () => answer as never };

    await expect(createEnvelope(reading({ keyEncryptionKey }), context)).rejects.toMatchObject({
      code: 'KEY_WRAP_FAILED',
    });
  });

  it('is the one passed with the call rather than the configured one', async () => {
    const { encryptionData } = await createEnvelope(policyOf('2.0'), { ...context, keyEncryptionKey: other });

    expect(encryptionData.wrappedKey.keyId).toBe('other');
  });
});
