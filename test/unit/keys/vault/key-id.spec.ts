import { isMalformedKeyId, parseKeyVaultKeyId } from '../../../../src/keys/vault/key-id.js';

const VERSION = '0123456789abcdef0123456789abcdef';
const KEY = 'https://clinic.vault.azure.net/keys/records';

/** Ids that a Key Vault client would interpret as another key, or would not recognize. */
const HOSTILE = [
  `${KEY}/../other/${VERSION}`,
  `https://clinic.vault.azure.net/keys/tenant-a/../tenant-b/${VERSION}`,
  `https://clinic.vault.azure.net/keys/tenant-a/%2e%2e/tenant-b/${VERSION}`,
  `https://clinic.vault.azure.net/keys/tenant-a/.%2E/tenant-b/${VERSION}`,
  `https://clinic.vault.azure.net/keys/tenant-a\\..\\tenant-b/${VERSION}`,
  `https://clinic.vault.azure.net/keys/./records/${VERSION}`,
  `https://clinic.vault.azure.net/keys//records/${VERSION}`,
  `${KEY}/a/b/c`,
  `${KEY}/`,
  `${KEY}/${VERSION}/`,
  `${KEY}/${VERSION.slice(1)}`,
  `${KEY}/${VERSION}0`,
  `${KEY}/${VERSION.replace('0', 'g')}`,
  `${KEY}/${VERSION}?x=1`,
  `${KEY}/${VERSION}#x`,
  `${KEY}/${VERSION}%00`,
  `${KEY}%2f${VERSION}`,
  `https://user@clinic.vault.azure.net/keys/records/${VERSION}`,
  `https://clinic.vault.azure.net:443/keys/records/${VERSION}`,
  `https://clinic.vault.azure.net:8443/keys/records/${VERSION}`,
  `https://CLINIC.vault.azure.net/keys/records/${VERSION}`,
  `http://clinic.vault.azure.net/keys/records/${VERSION}`,
  `https:\\\\clinic.vault.azure.net/keys/records/${VERSION}`,
  `https:clinic.vault.azure.net/keys/records/${VERSION}`,
  `https://clinic.vault.azure.net/secrets/records/${VERSION}`,
  `https://clinic.vault.azure.net/keys/rec_ords/${VERSION}`,
  `https://clinic.vault.azure.net/keys/${'a'.repeat(128)}/${VERSION}`,
  ` ${KEY}/${VERSION}`,
  `${KEY}/${VERSION} `,
  `${KEY}/${VERSION}\n`,
  `${KEY}/\t${VERSION}`,
  'https://',
  'https://clinic.vault.azure.net',
  'https://clinic.managedhsm.azure.net/keys/records/1',
];

describe('parseKeyVaultKeyId', () => {
  it.each([
    [KEY, 'https://clinic.vault.azure.net', 'records', undefined],
    [`${KEY}/${VERSION}`, 'https://clinic.vault.azure.net', 'records', VERSION],
    [`https://h.managedhsm.azure.net/keys/K-1/${VERSION}`, 'https://h.managedhsm.azure.net', 'K-1', VERSION],
    [`https://clinic.vault.azure.cn/keys/records/${VERSION}`, 'https://clinic.vault.azure.cn', 'records', VERSION],
    [`https://localhost/keys/${'a'.repeat(127)}`, 'https://localhost', 'a'.repeat(127), undefined],
  ])('reads %s', (keyId, vaultUrl, name, version) => {
    expect(parseKeyVaultKeyId(keyId)).toEqual({ keyId, vaultUrl, name, version });
  });

  it.each([...HOSTILE, '', 'clinic:2026', 'records', `/keys/records/${VERSION}`])('does not read %j', (keyId) => {
    expect(parseKeyVaultKeyId(keyId)).toBeNull();
  });
});

describe('isMalformedKeyId', () => {
  it.each(HOSTILE)('finds %j malformed', (keyId) => {
    expect(isMalformedKeyId(keyId)).toBe(true);
  });

  it.each([
    KEY,
    `${KEY}/${VERSION}`,
    '',
    'clinic:2026',
    'tenant/../other',
    'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
    'https://kms.example:8443/v1/keys/42?version=7',
    'https://KMS.example',
  ])('does not find %j malformed', (keyId) => {
    expect(isMalformedKeyId(keyId)).toBe(false);
  });
});
