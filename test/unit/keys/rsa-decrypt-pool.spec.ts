import { jest } from '@jest/globals';
import { constants, generateKeyPairSync, publicEncrypt, randomBytes, webcrypto } from 'node:crypto';
import { type OaepHash, RsaDecryptPool } from '../../../src/keys/rsa-decrypt-pool.js';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const encrypt = (content: Uint8Array, oaepHash: OaepHash) =>
  publicEncrypt({ key: publicKey, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, content);

describe('RsaDecryptPool', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it.each(['SHA-1', 'SHA-256'] as const)('decrypts OAEP with %s', async (hash) => {
    const content = randomBytes(32);

    const decrypted = await new RsaDecryptPool(privateKey).decrypt(encrypt(content, hash), hash);

    expect(Buffer.from(decrypted).equals(content)).toBe(true);
  });

  it('rejects the other hash', async () => {
    const pool = new RsaDecryptPool(privateKey);

    await expect(pool.decrypt(encrypt(randomBytes(32), 'SHA-256'), 'SHA-1')).rejects.toThrow();
  });

  it('imports the key when it is first needed, four times in total', async () => {
    const importKey = jest.spyOn(webcrypto.subtle, 'importKey');
    const pool = new RsaDecryptPool(privateKey);
    const ciphertext = encrypt(randomBytes(32), 'SHA-1');
    expect(importKey).toHaveBeenCalledTimes(0);

    await pool.decrypt(ciphertext, 'SHA-1');
    expect(importKey).toHaveBeenCalledTimes(1);

    await Promise.all(Array.from({ length: 11 }, () => pool.decrypt(ciphertext, 'SHA-1')));
    expect(importKey).toHaveBeenCalledTimes(4);
  });

  it('imports the key again after a failed import', async () => {
    const pool = new RsaDecryptPool(privateKey);
    const ciphertext = encrypt(randomBytes(32), 'SHA-1');
    jest.spyOn(webcrypto.subtle, 'importKey').mockRejectedValueOnce(new Error('out of memory'));
    const decrypted = (): Promise<string> => pool.decrypt(ciphertext, 'SHA-1').then(() => 'yes', String);

    const results: string[] = [];
    for (let call = 0; call < 8; call++) results.push(await decrypted());

    expect(results).toEqual(['Error: out of memory', ...Array.from({ length: 7 }, () => 'yes')]);
  });

  it('does not block the event loop while it decrypts', async () => {
    const pool = new RsaDecryptPool(privateKey);
    const ciphertext = encrypt(randomBytes(32), 'SHA-1');
    for (let handle = 0; handle < 4; handle++) await pool.decrypt(ciphertext, 'SHA-1');
    let hasTurned = false;
    setImmediate(() => (hasTurned = true));

    await pool.decrypt(ciphertext, 'SHA-1');

    expect(hasTurned).toBe(true);
  });
});
