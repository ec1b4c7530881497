import { isContentFault } from '../../../../src/envelope/content-fault.js';
import type { EncryptionPolicy } from '../../../../src/envelope/encryption-policy.js';
import { openEnvelope } from '../../../../src/envelope/envelope.js';
import { PolicyKeys } from '../../../../src/envelope/policy-keys.js';
import type { KeyVaultOptions } from '../../../../src/keys/vault/key-vault-options.js';
import { storedData } from '../../../support/envelopes.js';
import { InProcessVault, refusal } from '../../../support/in-process-vault.js';
import { context, opened, vaultPolicyOf } from '../../../support/vault-policies.js';

const MINUTE = 60_000;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a stored version that the vault does not know', () => {
  const invented = (data: Awaited<ReturnType<typeof storedData>>, digit = 'f') => ({
    ...data,
    wrappedKey: { ...data.wrappedKey, keyId: data.wrappedKey.keyId.slice(0, -32) + digit.repeat(32) },
  });

  async function stored(more: Partial<KeyVaultOptions> = {}) {
    const vault = new InProcessVault();
    const keyId = vault.rotate('records');
    const { policy, time } = vaultPolicyOf(vault.options('records', more));
    time.passed = 1;
    const data = await storedData(policy, context);
    vault.requests.length = 0;
    return { vault, keyId, policy, time, data };
  }

  it('is a fault of the content if the key exists', async () => {
    const { policy, data } = await stored();
    const planted = invented(data);

    const error: unknown = await opened(policy, planted).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'KEY_NOT_FOUND', keyId: planted.wrappedKey.keyId });
    expect(isContentFault(error)).toBe(true);
    await opened(policy, data);
  });

  it('is a fault of the content even if the newest version of the key is disabled', async () => {
    const { vault, policy, keyId, data } = await stored();
    vault.disable(keyId);

    await expect(opened(policy, invented(data))).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
    await expect(opened(policy, data)).rejects.toMatchObject({ code: 'KEY_DISABLED' });
  });

  it.each<[string, (vault: InProcessVault) => void]>([
    ['was deleted', (vault) => vault.delete('records')],
    [
      'cannot be looked up',
      (vault) => (vault.fault = ({ operation }) => (operation === 'get' ? refusal(403, 'Forbidden') : undefined)),
    ],
    [
      'was restored in the meantime',
      (vault) => (vault.fault = ({ operation }) => (operation === 'get' ? undefined : refusal(404, 'KeyNotFound'))),
    ],
  ])('is not a fault of the content if the key %s', async (what, change) => {
    const { vault, policy, data } = await stored();
    change(vault);

    const read = opened(policy, what === 'was restored in the meantime' ? data : invented(data));

    await expect(read).rejects.toMatchObject({ code: 'KEY_DELETED' });
  });

  it('is looked up once for all concurrent reads, and an aborted one does not affect the others', async () => {
    const { vault, policy, data } = await stored();
    const planted = upTo(20).map((at) => ({
      ...invented(data),
      wrappedKey: { ...invented(data).wrappedKey, encryptedKey: Buffer.alloc(256, at + 1) },
    }));
    const abort = new AbortController();
    vault.fault = ({ operation }) => {
      if (operation === 'get') abort.abort();
      return undefined;
    };

    const aborted = openEnvelope(policy, planted[0]!, { ...context, operation: { abortSignal: abort.signal } });
    const others = planted.slice(1).map((one) => opened(policy, one));

    await Promise.all([
      expect(aborted).rejects.toMatchObject({ name: 'AbortError' }),
      ...others.map((other) => expect(other).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' })),
    ]);
    expect(vault.count('get')).toBe(2);
  });

  it.each([
    [5 * MINUTE - 1, 2],
    [5 * MINUTE + 1, 4],
  ])('is looked up again after 5 minutes (%d ms: %d requests)', async (passed, requests) => {
    const { vault, policy, time, data } = await stored();
    await opened(policy, invented(data)).catch(() => undefined);

    time.passed += passed;
    await expect(opened(policy, invented(data))).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });

    expect(vault.count('get')).toBe(requests);
  });

  it('does not hide that the key is deleted afterwards', async () => {
    const { vault, policy, data } = await stored();
    await expect(opened(policy, invented(data))).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });

    vault.delete('records');

    await expect(opened(policy, data)).rejects.toMatchObject({ code: 'KEY_DELETED' });
    await expect(opened(policy, invented(data, 'e'))).rejects.toMatchObject({ code: 'KEY_DELETED' });
  });

  it('is an outage if this process has read with it, even after another key took its name', async () => {
    const { vault, policy, data } = await stored();
    const uncached: EncryptionPolicy = { ...policy, keys: new PolicyKeys({ unwrapCache: false }) };
    await opened(uncached, data);

    vault.delete('records');
    vault.rotate('records');

    await expect(opened(uncached, data)).rejects.toMatchObject({ code: 'KEY_DELETED' });
  });

  it.each(['key', 'alsoRead'] as const)('is an outage if the option %s names it', async (option) => {
    const { vault, data } = await stored();
    const planted = invented(data);
    const { keyId } = planted.wrappedKey;
    const { policy } = vaultPolicyOf(vault.options('records', { [option]: option === 'key' ? keyId : [keyId] }));

    await expect(opened(policy, planted)).rejects.toMatchObject({ code: 'KEY_DELETED' });
  });
});
