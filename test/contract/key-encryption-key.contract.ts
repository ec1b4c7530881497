/** What every key must do, whether built in or written by a user: the contract of the interface as one suite. */
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { isEncryptedStorageError } from '../../src/errors/any-error.js';
import type { KeyEncryptionKey, WrappedKey } from '../../src/keys/key-encryption-key.js';

/** Two keys of the same kind, with the same id and different bytes. */
export interface KeysUnderTest {
  readonly key: KeyEncryptionKey;
  readonly impostor: KeyEncryptionKey;
  /** The id that is stored with what `key` wraps, if it is not the id of the key. */
  readonly storedKeyId?: string;
}

/** The length of a content key as 1.0 wraps it, and packed as in 2.x. */
const CONTENT_LENGTHS = [32, 40];
const CONCURRENT_CALLS = 12;
/** Names from stored data or from an attacker. None of them may reach a cipher. */
const FOREIGN_ALGORITHMS = ['RSA1_5', 'A256GCMKW', 'none', '', 'a256kw', 'rsa-oaep', 'toString', '__proto__'];

export function describeKeyContract(name: string, makeKeys: () => KeysUnderTest | Promise<KeysUnderTest>): void {
  describe(`${name} as a key encryption key`, () => {
    let keys: KeysUnderTest;
    let wrapped: WrappedKey;

    beforeAll(async () => {
      keys = await makeKeys();
      wrapped = await keys.key.wrapKey(randomBytes(32));
    });

    const unwrap = (encryptedKey: Uint8Array) => keys.key.unwrapKey(encryptedKey, wrapped.algorithm);

    it.each(CONTENT_LENGTHS)('unwraps the same %d bytes that it wrapped', async (length) => {
      const contentKey = randomBytes(length);

      const { encryptedKey, algorithm } = await keys.key.wrapKey(Uint8Array.from(contentKey));
      const unwrapped = await keys.key.unwrapKey(Uint8Array.from(encryptedKey), algorithm);

      expect(unwrapped).toBeInstanceOf(Uint8Array);
      expect(Buffer.from(unwrapped).equals(contentKey)).toBe(true);
      expect(Buffer.from(encryptedKey).includes(contentKey)).toBe(false);
    });

    it('stores the same key id and algorithm with everything it wraps', async () => {
      const before = keys.key.keyId;

      const second = await keys.key.wrapKey(randomBytes(32));

      expect(wrapped.keyId).toBe(keys.storedKeyId ?? before);
      expect(second.keyId).toBe(wrapped.keyId);
      expect(second.algorithm).toBe(wrapped.algorithm);
      expect(keys.key.keyId).toBe(before);
      expect(before).not.toBe('');
    });

    it('does not change the bytes that it receives', async () => {
      const contentKey = randomBytes(32);
      const givenToWrap = Uint8Array.from(contentKey);

      const { encryptedKey, algorithm } = await keys.key.wrapKey(givenToWrap);
      const givenToUnwrap = Uint8Array.from(encryptedKey);
      await keys.key.unwrapKey(givenToUnwrap, algorithm);

      expect(givenToWrap).toEqual(Uint8Array.from(contentKey));
      expect(givenToUnwrap).toEqual(Uint8Array.from(encryptedKey));
    });

    it('keeps concurrent calls apart', async () => {
      const contentKeys = Array.from({ length: CONCURRENT_CALLS }, () => randomBytes(32));

      const unwrapped = await Promise.all(
        contentKeys.map(async (contentKey) => {
          const { encryptedKey, algorithm } = await keys.key.wrapKey(contentKey);
          return keys.key.unwrapKey(encryptedKey, algorithm);
        }),
      );

      expect(unwrapped.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
        contentKeys.map((bytes) => bytes.toString('hex')),
      );
    });

    it('does not unwrap what another key wrapped under its id', async () => {
      const { encryptedKey, algorithm } = await keys.impostor.wrapKey(randomBytes(32));

      await expectCode(keys.key.unwrapKey(encryptedKey, algorithm), 'KEY_UNWRAP_FAILED');
    });

    it('does not unwrap an empty array', async () => {
      await expectCode(unwrap(new Uint8Array()), 'KEY_UNWRAP_FAILED');
    });

    it('does not unwrap bytes that are truncated at any position', async () => {
      for (const length of placesIn(wrapped.encryptedKey).slice(1)) {
        await expectCode(unwrap(wrapped.encryptedKey.subarray(0, length)), 'KEY_UNWRAP_FAILED');
        await expectCode(unwrap(wrapped.encryptedKey.subarray(length)), 'KEY_UNWRAP_FAILED');
      }
    });

    it.each([1, 8, 256])('does not unwrap bytes with %d more appended', async (count) => {
      const zeros = Buffer.alloc(count);

      await expectCode(unwrap(Buffer.concat([wrapped.encryptedKey, zeros])), 'KEY_UNWRAP_FAILED');
      await expectCode(unwrap(Buffer.concat([zeros, wrapped.encryptedKey])), 'KEY_UNWRAP_FAILED');
    });

    it('does not unwrap bytes with one bit flipped, in any byte', async () => {
      for (const index of placesIn(wrapped.encryptedKey)) {
        const flipped = Uint8Array.from(wrapped.encryptedKey);
        flipped[index]! ^= 1 << (index % 8);
        await expectCode(unwrap(flipped), 'KEY_UNWRAP_FAILED');
      }
    });

    it.each([8, 16, 24, 40, 48, 60, 256])('does not unwrap %d foreign bytes', async (length) => {
      await expectCode(unwrap(randomBytes(length)), 'KEY_UNWRAP_FAILED');
      await expectCode(unwrap(Buffer.alloc(length)), 'KEY_UNWRAP_FAILED');
    });

    it.each(FOREIGN_ALGORITHMS)('rejects the algorithm %j before it looks at the bytes', async (algorithm) => {
      await expectCode(keys.key.unwrapKey(wrapped.encryptedKey, algorithm), 'KEY_ALGORITHM_NOT_ALLOWED');
      await expectCode(keys.key.unwrapKey(new Uint8Array(), algorithm), 'KEY_ALGORITHM_NOT_ALLOWED');
    });

    it('shows no content key in an error', async () => {
      const contentKey = randomBytes(32);
      const { encryptedKey } = await keys.impostor.wrapKey(contentKey);

      const error = await unwrap(encryptedKey).catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(Error);
      expectNoBytes(error, contentKey);
    });
  });
}

/** Every byte of a short ciphertext. Of RSA, which takes a millisecond a try, every eleventh and the last. */
function placesIn({ length }: Uint8Array): readonly number[] {
  const step = length <= 64 ? 1 : 11;
  return Array.from({ length }, (_, at) => at).filter((at) => at % step === 0 || at === length - 1);
}

/** No way to print a value shows the secret, in any common encoding. */
export function expectNoBytes(value: unknown, secret: Uint8Array): void {
  const bytes = Buffer.from(secret);
  const encodings = (['hex', 'base64', 'base64url', 'latin1'] as const).map((name) => bytes.toString(name));
  const listed = [
    [...bytes].join(','),
    [...bytes].slice(0, 6).join(', '),
    bytes.toString('hex').match(/../g)!.slice(0, 6).join(' '),
  ];
  const depths = { depth: 12, showHidden: true, maxArrayLength: null };
  const printed = [JSON.stringify(value), inspect(value, depths), inspect(value), String(value)].join('\n');

  for (const text of [...encodings, ...listed]) expect(printed).not.toContain(text);
}

/** Expects the promise to reject with an error of this package that has the code. */
export async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  const error: unknown = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (!isEncryptedStorageError(error)) throw error;
  expect(error.code).toBe(code);
}
