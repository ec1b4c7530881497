import { InvalidOptionsError } from '../../../src/errors/input.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { EncryptionTarget, KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { InMemoryKey } from '../../support/in-memory-key.js';

const TARGET: EncryptionTarget = { kind: 'queue', account: 'a', queue: 'q' };
const faultsOf = (action: () => unknown): readonly string[] => {
  try {
    action();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.faults;
    throw error;
  }
  return [];
};

describe('KeyRing', () => {
  const aes = AesKeyEncryptionKey.generate('aes');
  const own = new InMemoryKey('own');

  it('finds each key by its id', () => {
    const ring = new KeyRing([aes, own]);

    expect(ring.resolve('aes', TARGET)).toBe(aes);
    expect(ring.resolve('own', TARGET)).toBe(own);
  });

  it.each(['', 'AES', 'aes ', 'ae', 'constructor', '__proto__'])('returns null for the unknown id %j', (keyId) => {
    expect(new KeyRing([aes, own]).resolve(keyId, TARGET)).toBeNull();
    expect(new KeyRing([]).resolve(keyId, TARGET)).toBeNull();
  });

  it('resolves even if the function is detached from the ring', () => {
    const { resolve } = new KeyRing([aes]);

    expect(resolve('aes', TARGET)).toBe(aes);
  });

  it('finds a key that is added later, even with a function detached before', () => {
    const ring = new KeyRing([aes]);
    const { resolve } = ring;

    expect(ring.add(own)).toBe(ring);

    expect(resolve('own', TARGET)).toBe(own);
  });

  it('rejects two keys with the same id, and names each such id', () => {
    const keys = ['one', 'two', 'one', 'three', 'two'].map((id) => new InMemoryKey(id));

    expect(faultsOf(() => new KeyRing(keys))).toEqual([
      'the key ring has two keys with id "one"',
      'the key ring has two keys with id "two"',
    ]);
  });

  it('keeps its key if another one with the same id is added', () => {
    const ring = new KeyRing([aes]);

    expect(faultsOf(() => ring.add(new InMemoryKey('aes')))).toEqual(['the key ring has two keys with id "aes"']);
    expect(ring.resolve('aes', TARGET)).toBe(aes);
  });

  it('rejects a key without an id', () => {
    expect(faultsOf(() => new KeyRing([new InMemoryKey('')]))).toHaveLength(1);
    expect(faultsOf(() => new KeyRing().add({} as KeyEncryptionKey))).toHaveLength(1);
  });

  it('rejects a missing key in a list', () => {
    expect(
      faultsOf(() => new KeyRing([new InMemoryKey('one'), undefined as unknown as KeyEncryptionKey])),
    ).toHaveLength(1);
  });
});
