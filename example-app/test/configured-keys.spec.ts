import type { EncryptionTarget, KeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from '../src/keys/clinic-keys.js';
import { checkedEnvironment } from '../src/configuration/environment.js';
import { configuredKeys } from '../src/keys/configured-keys.js';

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((bytes) => bytes.toString('base64'));
const VAULT_KEY = 'https://clinic.vault.azure.net/keys/records';
const keysOf = (variables: NodeJS.ProcessEnv): Promise<ClinicKeys> => configuredKeys(checkedEnvironment(variables));
const before = await keysOf({ CLINIC_KEY_ID: 'clinic:1', CLINIC_KEY: first });
const after = await keysOf({
  CLINIC_KEY_ID: 'clinic:2',
  CLINIC_KEY: second,
  CLINIC_OLDER_KEYS: `clinic:1=${first}`,
});
const inVault = await keysOf({
  CLINIC_VAULT_KEY: VAULT_KEY,
  CLINIC_KEY_ID: 'clinic:2',
  CLINIC_KEY: second,
  CLINIC_OLDER_KEYS: `clinic:1=${first}`,
});
const contentKey = Buffer.alloc(32, 7);

const rowOf = (ward: string): EncryptionTarget => ({
  kind: 'table',
  account: 'clinic',
  table: 'patients',
  partitionKey: ward,
  rowKey: '1',
});

async function writerOf({ ofWards, ofClinic }: ClinicKeys, target?: EncryptionTarget): Promise<KeyEncryptionKey> {
  const { keyEncryptionKey: key } = target === undefined ? ofClinic : ofWards;
  if (key === undefined) throw new Error('No key of this process writes');
  return typeof key === 'function' ? key(target ?? rowOf('')) : key;
}

describe('keys of a ward', () => {
  it('unwrap what they wrapped, even after the clinic gets a new key or one in a vault', async () => {
    const { encryptedKey, keyId, algorithm } = await (await writerOf(before, rowOf('north'))).wrapKey(contentKey);

    for (const keys of [before, after, inVault]) {
      const found = await keys.ofWards.keyResolver?.(keyId, rowOf('north'));
      expect(await found?.unwrapKey(encryptedKey, algorithm)).toEqual(contentKey);
    }
    expect((await writerOf(after, rowOf('north'))).keyId).toBe('clinic:2/north');
  });

  it('differ from those of another ward and from the clinic’s key', async () => {
    const { encryptedKey, algorithm } = await (await writerOf(before, rowOf('north'))).wrapKey(contentKey);

    for (const keys of [before, inVault]) {
      expect(await keys.ofWards.keyResolver?.('clinic:1/north', rowOf('south'))).toBeNull();
    }
    expect(await before.ofWards.allowKey?.('clinic:1/north', rowOf('south'))).toBe(false);
    for (const key of [await writerOf(before, rowOf('south')), await writerOf(before)]) {
      await expect(key.unwrapKey(encryptedKey, algorithm)).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
    }
  });
});

it('a key in a vault writes instead of configured keys, which then only read', async () => {
  const { keyVault, keyEncryptionKey, keyResolver } = inVault.ofClinic;

  expect(inVault.writes).toBe(VAULT_KEY);
  expect([keyVault?.key, typeof keyVault?.credential.getToken]).toEqual([VAULT_KEY, 'function']);
  expect([keyEncryptionKey, inVault.ofWards.keyEncryptionKey]).toEqual([undefined, undefined]);
  expect((await keyResolver?.('clinic:1', rowOf('')))?.keyId).toBe('clinic:1');
  expect((await keyResolver?.('clinic:2', rowOf('')))?.keyId).toBe('clinic:2');
});

it('configured keys that are not base64 prevent start-up', async () => {
  await expect(keysOf({ CLINIC_KEY: 'no key' })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
});
