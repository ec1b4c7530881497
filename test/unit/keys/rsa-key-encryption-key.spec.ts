import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { inspect } from 'node:util';
import { InvalidOptionsError } from '../../../src/errors/input.js';
import { KeyUnwrapError, KeyWrapError } from '../../../src/errors/keys.js';
import { RsaKeyEncryptionKey, type RsaKeyWrapAlgorithm } from '../../../src/keys/rsa-key-encryption-key.js';
import { expectCode, expectNoBytes } from '../../contract/key-encryption-key.contract.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const CONTENT = randomBytes(40);
const ALGORITHMS: readonly (readonly [RsaKeyWrapAlgorithm, oaepHash: string])[] = [
  ['RSA-OAEP', 'sha1'],
  ['RSA-OAEP-256', 'sha256'],
  ['RSA', 'sha1'],
];

const oaep = (key: KeyObject, oaepHash: string) => ({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING });
const pemOf = (key: KeyObject, type: 'pkcs8' | 'spki' | 'pkcs1'): string =>
  key.export({ type, format: 'pem' } as { type: 'pkcs1'; format: 'pem' }).toString();
const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

describe('RsaKeyEncryptionKey', () => {
  it('writes RSA-OAEP by default', async () => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey);

    expect((await key.wrapKey(CONTENT)).algorithm).toBe('RSA-OAEP');
    expect(key.algorithm).toBe('RSA-OAEP');
  });

  it.each(ALGORITHMS)('writes %s as OAEP with %s', async (algorithm, hash) => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey, { algorithm });

    const wrapped = await key.wrapKey(CONTENT);

    expect(wrapped.algorithm).toBe(algorithm);
    expect(privateDecrypt(oaep(privateKey, hash), wrapped.encryptedKey).equals(CONTENT)).toBe(true);
  });

  it.each(ALGORITHMS)('reads %s as OAEP with %s, regardless of what it writes', async (algorithm, hash) => {
    const encryptedKey = publicEncrypt(oaep(publicKey, hash), CONTENT);

    for (const [written] of ALGORITHMS) {
      const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey, { algorithm: written });
      expect(Buffer.from(await key.unwrapKey(encryptedKey, algorithm)).equals(CONTENT)).toBe(true);
    }
  });

  it('does not confuse one hash with the other', async () => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey);
    const { encryptedKey } = await key.wrapKey(CONTENT);

    await expectCode(key.unwrapKey(encryptedKey, 'RSA-OAEP-256'), 'KEY_UNWRAP_FAILED');
  });

  it('never reads RSA1_5', async () => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey);
    const encryptedKey = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, CONTENT);

    for (const algorithm of ['RSA1_5', 'RSA-OAEP-384', 'RSA-OAEP-512', 'A256KW']) {
      await expectCode(key.unwrapKey(encryptedKey, algorithm), 'KEY_ALGORITHM_NOT_ALLOWED');
    }
    await expectCode(key.unwrapKey(encryptedKey, 'RSA'), 'KEY_UNWRAP_FAILED');
  });

  it('rejects a ciphertext without its leading zero, which OpenSSL accepts', async () => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey);
    let encryptedKey = publicEncrypt(oaep(publicKey, 'sha1'), CONTENT);
    while (encryptedKey[0] !== 0) encryptedKey = publicEncrypt(oaep(publicKey, 'sha1'), CONTENT);

    expect(await key.unwrapKey(encryptedKey, 'RSA-OAEP')).toHaveLength(40);
    await expectCode(key.unwrapKey(encryptedKey.subarray(1), 'RSA-OAEP'), 'KEY_UNWRAP_FAILED');
  });

  it('does not reveal why it does not unwrap', async () => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey);
    const errors = await Promise.all(
      [0, 255, 256, 257].map((length) => rejection(key.unwrapKey(randomBytes(length), 'RSA'))),
    );

    for (const error of errors) expect(error).not.toHaveProperty('cause');
    expect(new Set(errors.map(String)).size).toBe(1);
    expect(errors[0]).toBeInstanceOf(KeyUnwrapError);
  });

  it.each([
    ['RSA-OAEP', 214],
    ['RSA-OAEP-256', 190],
  ] as const)('wraps up to the limit of %s, %d bytes', async (algorithm, limit) => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey, { algorithm });

    const { encryptedKey } = await key.wrapKey(Buffer.alloc(limit, 7));
    expect(await key.unwrapKey(encryptedKey, algorithm)).toHaveLength(limit);

    const error = await rejection(key.wrapKey(Buffer.alloc(limit + 1, 7)));
    expect(error).toBeInstanceOf(KeyWrapError);
    expect(error).not.toHaveProperty('cause');
  });

  describe('from PEM', () => {
    it.each([
      ['a private key', pemOf(privateKey, 'pkcs8')],
      ['a public key', pemOf(publicKey, 'spki')],
    ])('%s with the two characters \\n instead of line breaks is rejected with how to replace them', (_what, pem) => {
      const pasted = pem.replaceAll('\n', '\\n');
      const create = () => RsaKeyEncryptionKey.fromPem('k', pasted);

      expect(create).toThrow(InvalidOptionsError);
      expect(create).toThrow(/RSA key "k" has the two characters "\\n".* pem\.replaceAll\('\\\\n', '\\n'\)$/);
      expect(create).not.toThrow(pem.split('\n')[1]);
      expect(RsaKeyEncryptionKey.fromPem('k', pasted.replaceAll('\\n', '\n')).keyId).toBe('k');
    });

    it('a path in place of a key is not taken for PEM without line breaks', () => {
      expect(() => RsaKeyEncryptionKey.fromPem('k', 'C:\\new\\key.pem')).toThrow(/must be given in PEM/);
    });

    const WITH_PASSPHRASE = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });

    it.each(['pkcs8', 'pkcs1'] as const)('reads a private key in %s', async (type) => {
      const key = RsaKeyEncryptionKey.fromPem('k', pemOf(privateKey, type));
      const { encryptedKey, algorithm } = await key.wrapKey(CONTENT);

      expect(key.canUnwrap).toBe(true);
      expect(await key.unwrapKey(encryptedKey, algorithm)).toEqual(Uint8Array.from(CONTENT));
    });

    it.each(['spki', 'pkcs1'] as const)('reads a public key in %s, which only wraps', async (type) => {
      const key = RsaKeyEncryptionKey.fromPem('k', pemOf(publicKey, type), { algorithm: 'RSA-OAEP-256' });
      const { encryptedKey, algorithm } = await key.wrapKey(CONTENT);

      expect(key.canUnwrap).toBe(false);
      expect(privateDecrypt(oaep(privateKey, 'sha256'), encryptedKey).equals(CONTENT)).toBe(true);
      const error = await rejection(key.unwrapKey(encryptedKey, algorithm));
      expect(error).toBeInstanceOf(KeyUnwrapError);
      expect(String((error as KeyUnwrapError).cause)).toMatch('A public RSA key can only wrap');
    });

    it.each([
      ['nothing', ''],
      ['text that is not PEM', 'clinic'],
      ['bytes', Buffer.from(pemOf(publicKey, 'spki')) as unknown as string],
      ['a private key with a passphrase', WITH_PASSPHRASE.toString()],
      ['a truncated private key', pemOf(privateKey, 'pkcs8').slice(0, 900)],
      ['a public key labelled as a private key', pemOf(publicKey, 'spki').replaceAll('PUBLIC', 'PRIVATE')],
      ['an elliptic key', pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'pkcs8')],
      ['a signing key', pemOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, 'pkcs8')],
    ])('rejects %s', (_name, pem) => {
      expect(() => RsaKeyEncryptionKey.fromPem('k', pem)).toThrow(InvalidOptionsError);
    });
  });

  it.each([
    [1024, false],
    [2040, false],
    [2048, true],
    [2056, true],
  ])('with %d bits is accepted: %j', async (modulusLength, isTaken) => {
    const pair = generateKeyPairSync('rsa', { modulusLength });

    for (const half of [pair.privateKey, pair.publicKey]) {
      const make = () => RsaKeyEncryptionKey.fromKeyObject('k', half);
      if (isTaken) expect((await make().wrapKey(CONTENT)).encryptedKey).toHaveLength(Math.ceil(modulusLength / 8));
      else expect(make).toThrow(InvalidOptionsError);
    }
  });

  it.each(['', undefined, 7])('rejects the key id %j', (keyId) => {
    expect(() => RsaKeyEncryptionKey.fromKeyObject(keyId as string, publicKey)).toThrow(InvalidOptionsError);
  });

  it.each(['RSA1_5', 'A256KW', '', 'toString'])('rejects to write %j', (algorithm) => {
    const options = { algorithm: algorithm as 'RSA' };

    expect(() => RsaKeyEncryptionKey.fromKeyObject('k', publicKey, options)).toThrow(InvalidOptionsError);
  });

  it('shows no key bytes, when printed or in an error', async () => {
    const key = RsaKeyEncryptionKey.fromKeyObject('k', privateKey);
    await key.unwrapKey((await key.wrapKey(CONTENT)).encryptedKey, 'RSA-OAEP');
    const error = await rejection(key.unwrapKey(randomBytes(256), 'RSA-OAEP'));

    const { d, p, q } = privateKey.export({ format: 'jwk' });
    for (const secret of [d, p, q].map((part) => Buffer.from(part!, 'base64url'))) {
      expectNoBytes(key, secret);
      expectNoBytes(error, secret);
    }
    expect(inspect(key)).toBe("RsaKeyEncryptionKey { keyId: 'k', algorithm: 'RSA-OAEP' }");
    const swapped = () => RsaKeyEncryptionKey.fromPem(pemOf(privateKey, 'pkcs8'), 'k');
    expect(swapped).toThrow(InvalidOptionsError);
    expect(swapped).not.toThrow('PRIVATE KEY');
  });
});
