import { clinicKeys } from '../src/keys/clinic-keys.js';

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((bytes) => bytes.toString('base64'));
const before = clinicKeys({ CLINIC_KEY_ID: 'clinic:1', CLINIC_KEY: first });
const after = clinicKeys({ CLINIC_KEY_ID: 'clinic:2', CLINIC_KEY: second, CLINIC_OLDER_KEYS: `clinic:1=${first}` });
const contentKey = Buffer.alloc(32, 7);

describe('keys of a ward', () => {
  it('unwrap what they wrapped, also after the clinic has a new key', async () => {
    const { encryptedKey, keyId, algorithm } = await before.ofWard('north').wrapKey(contentKey);

    const found = after.findOfWard('north', keyId);

    expect(await found?.unwrapKey(encryptedKey, algorithm)).toEqual(contentKey);
    expect(after.ofWard('north').keyId).toBe('clinic:2/north');
  });

  it('are not those of another ward, nor the clinic', async () => {
    const { encryptedKey, algorithm } = await before.ofWard('north').wrapKey(contentKey);

    expect(before.findOfWard('south', 'clinic:1/north')).toBeNull();
    for (const key of [before.ofWard('south'), before.writing]) {
      await expect(key.unwrapKey(encryptedKey, algorithm)).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
    }
  });
});

it('keys of the configuration that are no base64 fail the start', () => {
  expect(() => clinicKeys({ CLINIC_KEY: 'no key' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});
