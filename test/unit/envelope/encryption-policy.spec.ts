import {
  assertPlaintextAllowed,
  type EncryptionPolicy,
  keysOf,
  policyWith,
} from '../../../src/envelope/encryption-policy.js';
import { createEnvelope } from '../../../src/envelope/envelope.js';
import { integrityOf } from '../../../src/envelope/integrity/integrity-options.js';
import { checkingPolicy, readingPolicy } from '../../../src/envelope/maintenance/reading-policy.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';

const REQUIRED = true;

/** A policy as a class: its decisions are not own properties of the object. */
class OwnPolicy implements EncryptionPolicy {
  readonly protocol = '2.0';
  readonly keyEncryptionKey = AesKeyEncryptionKey.generate('one');
  readonly #allowed = new Set<string>();
  get requireEncryption(): boolean {
    return REQUIRED;
  }
  allowKey(keyId: string): boolean {
    return this.#allowed.has(keyId);
  }
}

describe('a policy that is derived from another one', () => {
  const policy = new OwnPolicy();
  const target = { kind: 'queue', account: 'a', queue: 'q' } as const;

  it.each([
    ['by a change', policyWith(policy, { keys: keysOf(policy) })],
    ['to read', readingPolicy(policy, { kind: 'sealed' } as Parameters<typeof readingPolicy>[1])],
    ['to check', checkingPolicy(readingPolicy(policy, { kind: 'sealed' } as Parameters<typeof readingPolicy>[1]))],
  ])('%s keeps the decisions of the class of the other one', (_how, made) => {
    expect(made.requireEncryption).toBe(true);
    expect(made.allowKey?.('one', target)).toBe(false);
    expect(made.keyEncryptionKey).toBe(policy.keyEncryptionKey);
  });

  it('has the changed members, and leaves the other one unchanged', () => {
    expect(policyWith(policy, { requireEncryption: false }).requireEncryption).toBe(false);
    expect(policy.requireEncryption).toBe(true);
  });
});

describe('a policy in JavaScript', () => {
  const policyWithout = { protocol: '2.0', keyEncryptionKey: AesKeyEncryptionKey.generate('one') } as const;
  const target = { kind: 'queue', account: 'a', queue: 'q' } as const;

  it.each([undefined, null, 'false', 0])('allows no plaintext if "requireEncryption" is %p', (requireEncryption) => {
    const policy = { ...policyWithout, requireEncryption } as unknown as EncryptionPolicy;

    expect(() => assertPlaintextAllowed(policy, 'The blob')).toThrow(
      expect.objectContaining({ code: 'PLAINTEXT_NOT_ALLOWED' }) as Error,
    );
  });

  it.each(['Require', 'required', 'OFF', null, true])('is rejected if "integrity" is %p', async (integrity) => {
    const policy = { ...policyWithout, requireEncryption: true, integrity } as unknown as EncryptionPolicy;

    expect(() => integrityOf(policy)).toThrow('"integrity" must be one of "verify", "require", "off"');
    await expect(createEnvelope(policy, { target, form: 'message' })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
  });
});
