/** What is reported about keys in a vault: as events, on spans, and as cache counts. */
import type { PolicyKeys } from '../../../../src/envelope/policy-keys.js';
import type { KeyEvent } from '../../../../src/keys/key-event.js';
import { versionWarnings } from '../../../../src/keys/vault/version-warnings.js';
import { storedData } from '../../../support/envelopes.js';
import { InProcessVault, refusal } from '../../../support/in-process-vault.js';
import { recordSpans } from '../../../support/recorded-spans.js';
import { context, opened, vaultPolicyOf } from '../../../support/vault-policies.js';

const recorder = recordSpans();
const attributesOf = (name: string): readonly unknown[] =>
  recorder.spans.filter((span) => span.name === name).map(({ attributes }) => attributes);
beforeEach(() => {
  (recorder.spans as unknown[]).length = 0;
});

const timed = <Event extends object>(event: Event) => ({ ...event, milliseconds: expect.any(Number) as unknown });

function setUp(algorithm: 'RSA-OAEP' | 'A256KW' = 'RSA-OAEP') {
  const vault = new InProcessVault();
  const keyId = vault.rotate('records', { kty: algorithm === 'A256KW' ? 'oct-HSM' : 'RSA' });
  return { vault, keyId, ...vaultPolicyOf(vault.options('records', { algorithm })) };
}

describe('events of keys in a vault', () => {
  it.each([
    ['RSA-OAEP', 'process'],
    ['A256KW', 'service'],
  ] as const)('report a write with %s and two reads, one of them from the cache', async (algorithm, where) => {
    const { keyId, policy, events } = setUp(algorithm);

    const data = await storedData(policy, context);
    for (let read = 0; read < 2; read += 1) await opened(policy, data);

    expect(events).toEqual([
      { kind: 'versionConfirmed', keyId, expiresOn: undefined, isPurgeable: undefined },
      timed({ kind: 'wrapped', keyId, algorithm, where }),
      { kind: 'cacheMiss', keyId },
      timed({ kind: 'unwrapped', keyId, algorithm }),
      { kind: 'cacheHit', keyId },
    ]);
    expect((policy.keys as PolicyKeys).cache).toEqual({ hits: 1, misses: 1, evictions: 0, size: 1 });
  });

  it('report throttling, how long a call waited, and a failure', async () => {
    const { vault, keyId, policy, events } = setUp();
    const data = await storedData(policy, context);
    events.length = 0;
    let calls = 0;
    vault.fault = () => ((calls += 1) === 1 ? refusal(429, 'Throttled') : refusal(403, 'Forbidden'));

    await expect(opened(policy, data)).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' });

    expect(events).toEqual([
      { kind: 'cacheMiss', keyId },
      { kind: 'throttled', vaultUrl: vault.url, status: 429, pause: 1000 },
      { kind: 'waited', vaultUrl: vault.url, milliseconds: 1000 },
      timed({ kind: 'failed', operation: 'unwrap', keyId, code: 'KEY_ACCESS_DENIED' }),
    ]);
  });

  it('report that the version that writes could not be confirmed', async () => {
    const { vault, keyVault, events } = setUp();
    vault.fault = () => refusal(403, 'Forbidden');

    await expect(keyVault.refresh()).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' });

    expect(events).toEqual([{ kind: 'versionUnconfirmed', keyId: vault.idOf('records'), code: 'KEY_ACCESS_DENIED' }]);
  });

  it('do not report aborted calls', async () => {
    const { policy, events } = setUp();
    const data = await storedData(policy, context);
    events.length = 0;
    const abort = new AbortController();

    const opening = opened({ ...policy, unwrapCache: false }, data, abort.signal);
    abort.abort();

    await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
    expect(events.filter(({ kind }: KeyEvent) => kind === 'failed')).toEqual([]);
  });
});

describe('spans of keys in a vault', () => {
  it('show where a key wrapped, what was cached, when the version expires, and how long a call waited', async () => {
    const { vault, keyId, policy } = setUp();
    const expiresOn = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
    vault.expire(keyId, expiresOn.getTime());
    let unwraps = 0;
    vault.fault = ({ operation }) =>
      operation === 'unwrapkey' && (unwraps += 1) === 1 ? refusal(429, 'Throttled') : undefined;

    const data = await storedData(policy, context);
    for (let read = 0; read < 2; read += 1) await opened(policy, data);

    expect(attributesOf('KeyVault.currentVersion')).toMatchObject([
      { 'encryption.key_id': keyId, 'encryption.key_expires_on': expiresOn.toISOString() },
    ]);
    expect(attributesOf('KeyEncryptionKey.wrapKey')).toMatchObject([{ 'encryption.wrap_location': 'process' }]);
    expect(attributesOf('KeyEncryptionKey.unwrapKey')).toMatchObject([{}, { 'encryption.key_cache': 'hit' }]);
    expect(recorder.spans.find(({ name }) => name === 'KeyVault.wait')?.path).toBe(
      'KeyEncryptionKey.unwrapKey > KeyVault.wait',
    );
  });
});

describe('warnings about a version that writes', () => {
  const DAY = 24 * 60 * 60 * 1000;
  const now = Date.UTC(2026, 0, 1);

  it.each([
    ['nothing is known', {}, 0],
    ['it expires in 31 days', { expiresOn: new Date(now + 31 * DAY) }, 0],
    ['it expires in 29 days', { expiresOn: new Date(now + 29 * DAY) }, 1],
    ['it has expired', { expiresOn: new Date(now - DAY) }, 1],
    ['the vault has purge protection', { isPurgeable: false }, 0],
    ['the vault has none', { isPurgeable: true }, 1],
    ['an older version writes', { insteadOf: 'https://v/keys/k/2' }, 1],
    ['it expires and there is no purge protection', { expiresOn: new Date(now + DAY), isPurgeable: true }, 2],
  ])('report each reason once, if %s', (_what, facts, count) => {
    const known = { keyId: 'https://v/keys/k', expiresOn: undefined, isPurgeable: undefined, ...facts };

    expect(versionWarnings(known, now)).toHaveLength(count);
  });
});
