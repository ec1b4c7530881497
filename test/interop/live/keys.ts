/** Key encryption keys, in our form and in the one that the peers accept. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { AesKeyEncryptionKey, type KeyEncryptionKey, RsaKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';

/** A key as it is passed to a peer. */
export interface PeerKey {
  readonly id: string;
  readonly algorithm: string;
  readonly secret?: string;
  readonly pem?: string;
  /** How to reach the vault that has the key. */
  readonly vault?: { readonly proxy: string; readonly certificate: string };
}

export interface SharedKey {
  readonly ours: KeyEncryptionKey;
  readonly theirs: PeerKey;
}

const rsaPem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });

const aes = (id: string, bits: 128 | 192 | 256): SharedKey => {
  const secret = randomBytes(bits / 8).toString('base64');
  return { ours: AesKeyEncryptionKey.fromBase64(id, secret), theirs: { id, algorithm: `A${bits}KW`, secret } };
};

const rsa = (algorithm: 'RSA' | 'RSA-OAEP' | 'RSA-OAEP-256'): SharedKey => {
  const id = `test:${algorithm}`;
  const pem = String(rsaPem);
  return { ours: RsaKeyEncryptionKey.fromPem(id, pem, { algorithm }), theirs: { id, algorithm, pem } };
};

export const KEY: SharedKey = aes('test:key', 256);
export const OTHER_KEY: SharedKey = aes('test:other', 256);

/** Every kind of key, and ids that JSON and headers must escape. */
export const KEYS: readonly (readonly [what: string, key: SharedKey])[] = [
  ...([128, 192, 256] as const).map((bits) => [`A${bits}KW`, aes(`test:${bits}`, bits)] as const),
  ...(['RSA-OAEP', 'RSA-OAEP-256', 'RSA'] as const).map((algorithm) => [algorithm, rsa(algorithm)] as const),
  ['A256KW and a key id that is not ASCII', aes('clé/ключ/鍵/🔑', 256)],
  ['A256KW and a key id with quotes, backslash and spaces', aes('a "b" \\c\\ \'d\' <e> &f;', 256)],
  ['A256KW and the id of a key in a vault', aes('https://vault.example/keys/clinic/0123456789abcdef', 256)],
];

export const isAscii = ({ theirs }: SharedKey): boolean => /^[\x20-\x7e]*$/.test(theirs.id);
