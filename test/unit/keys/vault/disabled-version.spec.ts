/** Which version writes while the newest version of a key is disabled. */
import { createEnvelope } from '../../../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../../../src/envelope/encryption-policy.js';
import { InProcessVault, refusal } from '../../../support/in-process-vault.js';
import { context, vaultPolicyOf, VaultTime } from '../../../support/vault-policies.js';

const keyIdOf = async (policy: EncryptionPolicy): Promise<string> =>
  (await createEnvelope(policy, context)).encryptionData.wrappedKey.keyId;

describe('the key that writes', () => {
  it('is the newest usable version while newer ones are disabled, until the newest is enabled again', async () => {
    const vault = new InProcessVault();
    const expired = vault.rotate('records');
    vault.expire(expired);
    const [older, newer, newest] = [vault.rotate('records'), vault.rotate('records'), vault.rotate('records')];
    const { policy, keyVault, events } = vaultPolicyOf(vault.options('records'));
    vault.disable(newer);
    vault.disable(newest);

    expect(await keyIdOf(policy)).toBe(older);
    expect(keyVault.state).toMatchObject({ keyId: older, insteadOf: newest });
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'versionConfirmed', keyId: older, insteadOf: newest }),
    );

    vault.disable(newest, true);
    await keyVault.refresh();
    expect(await keyIdOf(policy)).toBe(newest);
    expect(keyVault.state?.insteadOf).toBeUndefined();
  });

  it('remains the older version while the list of versions cannot be fetched', async () => {
    const vault = new InProcessVault();
    const [older, newest] = [vault.rotate('records'), vault.rotate('records')];
    const { policy, keyVault, events } = vaultPolicyOf(vault.options('records'));
    vault.disable(newest);
    expect(await keyIdOf(policy)).toBe(older);

    vault.fault = ({ operation }) => (operation === 'versions' ? refusal(503, 'ServiceUnavailable') : undefined);
    await keyVault.refresh().catch(() => undefined);

    expect(await keyIdOf(policy)).toBe(older);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'versionUnconfirmed', code: 'KEY_UNAVAILABLE' }));
  });

  it.each<[string, (vault: InProcessVault, newest: string) => object]>([
    ['it was pinned', (_vault, newest) => ({ key: newest })],
    [
      'its versions cannot be listed',
      (vault) => {
        vault.fault = ({ operation }) => (operation === 'versions' ? refusal(403, 'Forbidden') : undefined);
        return {};
      },
    ],
  ])('does not write if the newest version is disabled and %s', async (_what, change) => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const newest = vault.rotate('records');
    vault.disable(newest);
    const { policy } = vaultPolicyOf(vault.options('records', change(vault, newest)));

    await expect(keyIdOf(policy)).rejects.toMatchObject({ code: 'KEY_DISABLED', state: 'disabled' });
  });
});

describe('a version that has expired', () => {
  const MINUTE = 60_000;

  it('is replaced by a newer one, which is looked up at most once a second until there is one', async () => {
    const vault = new InProcessVault();
    const time = new VaultTime();
    const expiring = vault.rotate('records');
    vault.expire(expiring, Date.now() + MINUTE);
    const { policy } = vaultPolicyOf(vault.options('records', { refresh: 24 * 60 * MINUTE }), time);
    expect(await keyIdOf(policy)).toBe(expiring);

    time.passed += 2 * MINUTE;
    for (let write = 0; write < 5; write += 1)
      await expect(keyIdOf(policy)).rejects.toMatchObject({ code: 'KEY_DISABLED', state: 'expired' });
    expect(vault.count('get')).toBe(2);

    const next = vault.rotate('records');
    time.passed += 1000;
    expect(await keyIdOf(policy)).toBe(next);
    expect(vault.count('get')).toBe(3);
  });
});
