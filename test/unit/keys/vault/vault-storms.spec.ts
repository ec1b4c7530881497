/** Pages of rows while the vault throttles, rotates, refuses and recovers. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EncryptionPolicy } from '../../../../src/envelope/encryption-policy.js';
import { storedData } from '../../../support/envelopes.js';
import { InProcessVault, refusal } from '../../../support/in-process-vault.js';
import { limitVault } from '../../../support/vault-limit.js';
import { context, opened, pacesOf, vaultPolicyOf, VaultTime } from '../../../support/vault-policies.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const pageOf = (policy: EncryptionPolicy, count: number) =>
  Promise.all(upTo(count).map(() => storedData(policy, context)));
type Page = Awaited<ReturnType<typeof pageOf>>;
const openAll = (policy: EncryptionPolicy, page: Page) => Promise.all(page.map((data) => opened(policy, data)));

function inVault() {
  const vault = new InProcessVault();
  const keyId = vault.rotate('records');
  return { vault, keyId, time: new VaultTime() };
}

describe('a vault that allows 200 requests a second', () => {
  it.each([
    [1, 1000],
    [2, 300],
  ])('serves %d policies that know its limit %d rows, in the time that the limit implies', async (count, rows) => {
    const { vault, time } = inVault();
    const paces = pacesOf(time);
    const options = vault.options('records', { requestsPerSecond: 200 });
    const policies = upTo(count).map(() => vaultPolicyOf(options, time, { paces }).policy);
    const pages = await Promise.all(policies.map((policy) => pageOf(policy, rows / count)));
    const refused = limitVault(vault, 200, time.now);
    const began = time.passed;

    await Promise.all(policies.map((policy, index) => openAll(policy, pages[index]!)));

    expect(refused()).toBe(0);
    expect(vault.count('unwrapkey')).toBe(rows);
    expect(time.passed - began).toBeGreaterThan(rows * 5 - 100);
    expect(time.passed - began).toBeLessThan(rows * 5 + 100);
  });

  it('serves all of 400 rows to a policy that adapts to throttling, and takes little longer', async () => {
    const { vault, time } = inVault();
    const { policy } = vaultPolicyOf(vault.options('records'), time);
    const page = await pageOf(policy, 400);
    const refused = limitVault(vault, 200, time.now);

    await openAll(policy, page);

    expect(vault.count('unwrapkey')).toBe(400 + refused());
    expect(time.passed).toBeLessThan(15_000);
  });
});

describe('a page of rows', () => {
  it('can be read entirely even if its key was rotated while it was written', async () => {
    const { vault, keyId, time } = inVault();
    const { policy, keyVault } = vaultPolicyOf(vault.options('records'), time);
    const first = await pageOf(policy, 20);

    const second = vault.rotate('records');
    const [, during] = await Promise.all([keyVault.refresh(), pageOf(policy, 20)]);
    const after = await pageOf(policy, 20);

    const idsOf = (page: Page) => new Set(page.map(({ wrappedKey }) => wrappedKey.keyId));
    expect(idsOf(first)).toEqual(new Set([keyId]));
    for (const id of idsOf(during)) expect([keyId, second]).toContain(id);
    expect(idsOf(after)).toEqual(new Set([second]));
    await openAll(policy, [...first, ...during, ...after]);
  });

  it('fails while the vault returns 403, and can be read once the role is restored', async () => {
    const { vault, time } = inVault();
    const { policy } = vaultPolicyOf(vault.options('records'), time);
    const page = await pageOf(policy, 5);

    vault.fault = () => refusal(403, 'Forbidden');
    await expect(openAll(policy, page)).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' });
    vault.fault = () => undefined;

    await openAll(policy, page);
  });

  it('with the key id of another vault is rejected without a request or a token', async () => {
    const { vault, time } = inVault();
    const { policy } = vaultPolicyOf(vault.options('records'), time);
    const [data] = await pageOf(policy, 1);
    const keyId = data!.wrappedKey.keyId.replace('clinic', 'evil');
    vault.requests.length = 0;
    vault.tokenError = new Error('nobody should ask');

    await expect(opened(policy, { ...data!, wrappedKey: { ...data!.wrappedKey, keyId } })).rejects.toMatchObject({
      code: 'KEY_NOT_FOUND',
    });
    expect(vault.requests).toEqual([]);
  });

  it('can still be read, but not written, if the local clock says that the version has expired', async () => {
    const { vault, keyId, time } = inVault();
    const { policy } = vaultPolicyOf(vault.options('records'), time);
    const page = await pageOf(policy, 3);
    // the clock of the vault disagrees
    vault.expire(keyId, Date.now() + 60_000);
    time.passed += 11 * 60_000;

    await openAll(policy, page);
    await expect(pageOf(policy, 1)).rejects.toMatchObject({ code: 'KEY_DISABLED', state: 'expired' });
  });

  it('leaves nothing waiting if its policy is closed during the read', async () => {
    const { vault, time } = inVault();
    const { policy, keyVault } = vaultPolicyOf(vault.options('records'), time);
    const page = await pageOf(policy, 40);
    time.after = () => {
      waiting += 1;
      return () => undefined;
    };
    let waiting = 0;
    vault.fault = () => refusal(429, 'Throttled');

    const ends = Promise.allSettled(page.map((data) => opened(policy, data)));
    while (waiting < 32) await nextTurn();
    keyVault.close();

    for (const end of await ends)
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'KEY_UNAVAILABLE' } });
    expect(waiting).toBe(32);
  });
});
