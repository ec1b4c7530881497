import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey } from '../../src/keys/aes-key-encryption-key.js';
import { KeyVaultKeyEncryptionKey } from '../../src/keys/vault/key-vault-key.js';
import { RsaKeyEncryptionKey, type RsaKeyWrapAlgorithm } from '../../src/keys/rsa-key-encryption-key.js';
import { InMemoryKey } from '../support/in-memory-key.js';
import { describeKeyContract } from './key-encryption-key.contract.js';
import { LocalCryptographyClient } from './local-cryptography-client.js';

const aesKey = (length: number) => AesKeyEncryptionKey.fromKeyObject('aes', createSecretKey(randomBytes(length)));
const rsaPrivateKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const rsaKey = (algorithm: RsaKeyWrapAlgorithm) =>
  RsaKeyEncryptionKey.fromKeyObject('rsa', rsaPrivateKey(), { algorithm });

const VAULT_KEY = 'https://clinic.vault.azure.net/keys/records';
const VERSION = '0123456789abcdef0123456789abcdef';
const vaultKey = (algorithm: 'RSA-OAEP' | 'RSA-OAEP-256') =>
  new KeyVaultKeyEncryptionKey(
    new LocalCryptographyClient(`${VAULT_KEY}/${VERSION}`, { privateKey: rsaPrivateKey(), version: VERSION }),
    { algorithm },
  );

describe.each([16, 24, 32])('%d bytes', (length) => {
  describeKeyContract('AesKeyEncryptionKey', () => ({ key: aesKey(length), impostor: aesKey(length) }));
});

describe.each(['RSA-OAEP', 'RSA-OAEP-256', 'RSA'] as const)('%s', (algorithm) => {
  describeKeyContract('RsaKeyEncryptionKey', () => ({ key: rsaKey(algorithm), impostor: rsaKey(algorithm) }));
});

describe.each(['RSA-OAEP', 'RSA-OAEP-256'] as const)('%s', (algorithm) => {
  describeKeyContract('KeyVaultKeyEncryptionKey', () => ({
    key: vaultKey(algorithm),
    impostor: vaultKey(algorithm),
    storedKeyId: `${VAULT_KEY}/${VERSION}`,
  }));
});

describeKeyContract("A user's own class", () => ({ key: new InMemoryKey('own'), impostor: new InMemoryKey('own') }));
