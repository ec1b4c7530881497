/** Keys for one test run, which never leave the process. */
import { generateKeyPairSync } from 'node:crypto';
import { AesKeyEncryptionKey } from '../keys/aes-key-encryption-key.js';
import { RsaKeyEncryptionKey } from '../keys/rsa-key-encryption-key.js';

const RSA_BITS = 2048;

/** Generates an AES key of 32 bytes. */
export const generateAesKey = (keyId = 'test:aes'): AesKeyEncryptionKey => AesKeyEncryptionKey.generate(keyId);

/** Generates an RSA key of 2,048 bits, which wraps and unwraps. Takes about a tenth of a second. */
export const generateRsaKey = (keyId = 'test:rsa'): RsaKeyEncryptionKey =>
  RsaKeyEncryptionKey.fromKeyObject(keyId, generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey);
