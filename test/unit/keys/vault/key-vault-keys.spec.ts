import { setImmediate as nextTurn } from 'node:timers/promises';
import * as sdk from '@azure/keyvault-keys';
import { createEnvelope } from '../../../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../../../src/envelope/encryption-policy.js';
import { rewrapEnvelope } from '../../../../src/envelope/rewrap.js';
import { KeyVaultKeys } from '../../../../src/keys/vault/key-vault-keys.js';
import type { KeyVaultSdk } from '../../../../src/keys/vault/key-vault-sdk.js';
import { storedData, storedText } from '../../../support/envelopes.js';
import { InProcessVault, refusal } from '../../../support/in-process-vault.js';
import { context, opened, pacesOf, vaultPolicyOf, VaultTime } from '../../../support/vault-policies.js';

const MINUTE = 60_000;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const keyIdOf = async (policy: EncryptionPolicy): Promise<string> =>
  (await createEnvelope(policy, context)).encryptionData.wrappedKey.keyId;
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await nextTurn();
};
const failing = (code: string, more: object = {}) => expect.objectContaining({ code, ...more }) as unknown;

describe('the key that writes', () => {
  it.each(['RSA-OAEP', 'RSA-OAEP-256'] as const)(
    'wraps 1,000 content keys locally with %s, after one request',
    async (algorithm) => {
      const vault = new InProcessVault();
      const current = vault.rotate('records');
      const { policy } = vaultPolicyOf(vault.options('records', { algorithm }));

      const ids = await Promise.all(upTo(1000).map(() => keyIdOf(policy)));

      expect(new Set(ids)).toEqual(new Set([current]));
      expect(vault.requests).toEqual([{ operation: 'get', name: 'records', version: '' }]);
    },
  );

  it('is looked up once for 32 writes at the same time, and an aborted one does not affect the others', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const { policy } = vaultPolicyOf(vault.options('records'));
    const abort = new AbortController();

    const aborted = createEnvelope(policy, { ...context, operation: { abortSignal: abort.signal } });
    const writes = upTo(32).map(() => keyIdOf(policy));
    abort.abort();

    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await Promise.all(writes);
    expect(vault.count('get')).toBe(1);
  });

  it.each([
    ['RSA-OAEP', 'RSA'],
    ['RSA-OAEP-256', 'RSA'],
    ['A256KW', 'oct-HSM'],
  ] as const)(
    'follows a rotation within the refresh time, and names the version that wrapped (%s)',
    async (algorithm, kty) => {
      const vault = new InProcessVault();
      const first = vault.rotate('records', { kty });
      const { policy, keyVault, time } = vaultPolicyOf(vault.options('records', { algorithm }), new VaultTime(), {
        unwrapCache: false,
      });
      const before = await storedData(policy, context);
      const second = vault.rotate('records', { kty });

      time.passed += 5 * MINUTE;
      expect(await keyIdOf(policy)).toBe(first);
      await until(() => keyVault.state?.keyId === second);
      expect(await keyIdOf(policy)).toBe(second);

      const after = await storedData(policy, context);
      await Promise.all([before, after].map((data) => opened(policy, data)));
    },
  );

  it('follows a rotation at once when it is refreshed', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const { policy, keyVault } = vaultPolicyOf(vault.options('records'));
    await keyIdOf(policy);
    const second = vault.rotate('records');

    await keyVault.refresh();

    expect(await keyIdOf(policy)).toBe(second);
    expect(keyVault.state).toMatchObject({ keyId: second, age: 0 });
  });

  it('remains the version that was pinned', async () => {
    const vault = new InProcessVault();
    const first = vault.rotate('records');
    vault.rotate('records');
    const { policy, keyVault } = vaultPolicyOf(vault.options('records', { key: first }));

    await keyVault.refresh();

    expect(await keyIdOf(policy)).toBe(first);
  });

  it.each<[string, (vault: InProcessVault, keyId: string) => void, unknown]>([
    ['disabled', (vault, keyId) => vault.disable(keyId), failing('KEY_DISABLED', { state: 'disabled' })],
    ['expired', (vault, keyId) => vault.expire(keyId), failing('KEY_DISABLED', { state: 'expired' })],
    ['deleted', (vault) => vault.delete('records'), failing('KEY_DELETED')],
    ['inaccessible', (vault) => (vault.fault = () => refusal(403, 'Forbidden')), failing('KEY_ACCESS_DENIED')],
    [
      'dependent on a credential that fails',
      (vault) => (vault.fault = () => refusal(401, 'Unauthorized')),
      failing('KEY_ACCESS_DENIED'),
    ],
  ])('does not write one day after it became %s', async (_what, change, error) => {
    const vault = new InProcessVault();
    const keyId = vault.rotate('records');
    const { policy, time } = vaultPolicyOf(vault.options('records'));
    await keyIdOf(policy);

    change(vault, keyId);
    time.passed += 24 * 60 * MINUTE;

    await expect(keyIdOf(policy)).rejects.toEqual(error);
  });

  it('keeps writing while the vault is unreachable, for up to twice the refresh time', async () => {
    const vault = new InProcessVault();
    const keyId = vault.rotate('records');
    const { policy, time, events } = vaultPolicyOf(vault.options('records'));
    await keyIdOf(policy);
    vault.fault = () => refusal(403, 'Forbidden');

    time.passed += 10 * MINUTE - 1;
    expect(await keyIdOf(policy)).toBe(keyId);
    await until(() => events.some(({ kind }) => kind === 'versionUnconfirmed'));
    time.passed += 2000;

    await expect(keyIdOf(policy)).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' });
  });

  it('is rejected if its type does not match the algorithm', async () => {
    const vault = new InProcessVault();
    vault.rotate('records', { kty: 'oct-HSM' });

    await expect(keyIdOf(vaultPolicyOf(vault.options('records')).policy)).rejects.toMatchObject({
      code: 'KEY_WRAP_FAILED',
    });
  });

  it('does not rewrap what it has already wrapped', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const { policy, keyVault } = vaultPolicyOf(vault.options('records'));
    const text = await storedText(policy, context);

    expect((await rewrapEnvelope(policy, text, context)).text).toBeNull();

    const second = vault.rotate('records');
    await keyVault.refresh();
    const rewrapped = await rewrapEnvelope(policy, text, context);
    expect(rewrapped.keyId).toBe(second);
    expect((await rewrapEnvelope(policy, rewrapped.text ?? '', context)).text).toBeNull();
  });
});

describe('the keys that read', () => {
  it('call the vault once for each of 300 content keys, and not again for the same ones', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const { policy } = vaultPolicyOf(vault.options('records'));
    const all = await Promise.all(upTo(300).map(() => storedData(policy, context)));
    vault.requests.length = 0;

    for (let time = 0; time < 2; time += 1) await Promise.all(all.map((data) => opened(policy, data)));

    expect(vault.requests).toHaveLength(300);
    expect(vault.count('unwrapkey')).toBe(300);
  });

  it('open what an expired version has wrapped', async () => {
    const vault = new InProcessVault();
    const first = vault.rotate('records');
    const data = await storedData(vaultPolicyOf(vault.options('records')).policy, context);
    vault.expire(first);

    await opened(vaultPolicyOf(vault.options('records')).policy, data);
  });

  it('open what a key wrapped before it was moved from another vault', async () => {
    const old = new InProcessVault('https://old.vault.azure.net');
    const vault = new InProcessVault();
    const keyId = old.rotate('records');
    const data = await storedData(vaultPolicyOf(old.options('records')).policy, context);
    const moved = vault.rotate('records', { material: old.materialOf(keyId) });
    const underOldId = { ...data, wrappedKey: { ...data.wrappedKey, keyId: moved.replace(vault.url, old.url) } };

    await opened(vaultPolicyOf(vault.options('records', { aliases: { [old.url]: vault.url } })).policy, underOldId);

    await expect(opened(vaultPolicyOf(vault.options('records')).policy, underOldId)).rejects.toMatchObject({
      code: 'KEY_NOT_FOUND',
    });
  });

  it('try every enabled version for an id without one', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const data = await storedData(vaultPolicyOf(vault.options('records')).policy, context);
    const versionless = { ...data, wrappedKey: { ...data.wrappedKey, keyId: vault.idOf('records') } };
    vault.disable(vault.rotate('records'));
    vault.rotate('records');
    vault.requests.length = 0;

    await opened(vaultPolicyOf(vault.options('records')).policy, versionless);

    expect(vault.requests.map(({ operation }) => operation)).toEqual(['versions', 'unwrapkey', 'unwrapkey']);
  });

  it('try no other version for an id without one if the vault denies access to the first', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const data = await storedData(vaultPolicyOf(vault.options('records')).policy, context);
    const versionless = { ...data, wrappedKey: { ...data.wrappedKey, keyId: vault.idOf('records') } };
    vault.rotate('records');
    vault.requests.length = 0;
    vault.fault = ({ operation }) => (operation === 'unwrapkey' ? refusal(403, 'Forbidden') : undefined);

    await expect(opened(vaultPolicyOf(vault.options('records')).policy, versionless)).rejects.toMatchObject({
      code: 'KEY_ACCESS_DENIED',
    });
    expect(vault.requests.map(({ operation }) => operation)).toEqual(['versions', 'unwrapkey']);
  });

  it('are only those that the option names', async () => {
    const vault = new InProcessVault();
    const [first, second] = [vault.rotate('records'), vault.rotate('records')];
    const other = vault.rotate('other');
    const { keyVault } = vaultPolicyOf(vault.options('records', { alsoRead: [other] }));

    for (const keyId of [first, second, other, vault.idOf('records')]) expect(keyVault.resolve(keyId)).not.toBeNull();
    for (const keyId of [
      vault.rotate('other'),
      vault.idOf('other'),
      first.replace('clinic', 'evil'),
      `${vault.idOf('records')}/../other/${first.slice(-32)}`,
      'clinic:2026',
    ]) {
      expect(keyVault.resolve(keyId)).toBeNull();
    }
  });

  it.each([
    [refusal(401, 'Unauthorized'), 'KEY_ACCESS_DENIED'],
    [refusal(403, 'Forbidden'), 'KEY_ACCESS_DENIED'],
    [refusal(403, 'Forbidden', { inner: 'KeyDisabled' }), 'KEY_DISABLED'],
    [refusal(404, 'KeyNotFound'), 'KEY_DELETED'],
    [refusal(409, 'Conflict'), 'KEY_UNAVAILABLE'],
    [refusal(400, 'BadParameter'), 'KEY_UNWRAP_FAILED'],
  ])('report %j as %s', async (answer, code) => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const { policy } = vaultPolicyOf(vault.options('records'));
    const data = await storedData(policy, context);
    vault.fault = () => answer;

    await expect(opened(policy, data)).rejects.toMatchObject({ code });
  });

  it.each([
    Object.assign(new Error('The secret has expired.'), { name: 'AuthenticationError', statusCode: 401 }),
    Object.assign(new Error('No such tenant.'), { statusCode: 400 }),
    new TypeError('a credential of your own'),
  ])('never treat a failing credential (%s) as a fault of the content', async (error) => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const data = await storedData(vaultPolicyOf(vault.options('records')).policy, context);
    vault.tokenError = error;

    await expect(opened(vaultPolicyOf(vault.options('records')).policy, data)).rejects.toMatchObject({
      code: 'KEY_UNAVAILABLE',
    });
  });
});

describe('a vault that throttles', () => {
  it.each<Record<string, string>>([{}, { 'retry-after': '3' }])(
    'on call 471 of 1,000, with the headers %j, still opens all of them',
    async (headers) => {
      const vault = new InProcessVault();
      vault.rotate('records');
      const { policy, time } = vaultPolicyOf(vault.options('records'));
      const all = await Promise.all(upTo(1000).map(() => storedData(policy, context)));
      let calls = 0;
      vault.fault = () => ((calls += 1) === 471 ? refusal(429, 'Throttled', { headers }) : undefined);

      await Promise.all(all.map((data) => opened(policy, data)));

      expect(vault.count('unwrapkey')).toBe(1001);
      expect(time.passed).toBe('retry-after' in headers ? 3000 : 1000);
    },
  );

  it('is unavailable after six throttled calls with growing pauses', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const { policy, time } = vaultPolicyOf(vault.options('records'));
    const data = await storedData(policy, context);
    vault.fault = () => refusal(429, 'Throttled');

    await expect(opened(policy, data)).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });

    expect(time.slept).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it('is called no faster than the configured rate, by all policies together', async () => {
    const vault = new InProcessVault();
    vault.rotate('records');
    const time = new VaultTime();
    const paces = pacesOf(time);
    const make = (requestsPerSecond: number): EncryptionPolicy => ({
      protocol: '2.0',
      requireEncryption: true,
      unwrapCache: false,
      keyVault: new KeyVaultKeys(vault.options('records', { requestsPerSecond }), sdk as unknown as KeyVaultSdk, {
        paces,
        clock: time,
      }),
    });
    const policies = [make(200), make(50)];
    const data = await storedData(policies[0]!, context);
    const began = time.passed;

    for (let call = 0; call < 100; call += 1) await opened(policies[call % 2]!, data);

    expect(time.passed - began).toBeGreaterThanOrEqual(1980);
  });
});
