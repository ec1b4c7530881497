/** How fast a job calls keys outside its process. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type EncryptionPolicy, keysOf } from '../../../src/envelope/encryption-policy.js';
import type { Step } from '../../../src/envelope/maintenance/maintained.js';
import { pacedPolicy } from '../../../src/envelope/maintenance/paced-keys.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { EncryptionTarget, KeyEncryptionKey } from '../../../src/keys/key-encryption-key.js';
import { RsaKeyEncryptionKey } from '../../../src/keys/rsa-key-encryption-key.js';
import { Pace } from '../../../src/maintenance/pace.js';
import { Patience } from '../../../src/maintenance/patience.js';
import { InMemoryKey } from '../../support/in-memory-key.js';
import { ManualClock, settled } from '../../support/manual-clock.js';

const TARGET: EncryptionTarget = { kind: 'blob', account: 'a', container: 'c', blob: 'b' };
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const PACKED = randomBytes(32);
const MOST = 10;

let clock: ManualClock;
let pace: Pace;
beforeEach(() => {
  clock = new ManualClock();
  pace = new Pace(MOST, clock);
});

const pacedKeys = (keyEncryptionKey: KeyEncryptionKey) => {
  const policy: EncryptionPolicy = { protocol: '2.1', requireEncryption: true, keyEncryptionKey };
  const step: Step = { task: { do: 'census' }, dryRun: false, beforeRequest: async () => undefined, keyPace: pace };
  return keysOf(pacedPolicy(policy, step));
};

/** Answers the first calls with a status, as the SDK of a vault throws it. */
class BusyKey extends InMemoryKey {
  calls = 0;
  constructor(
    private readonly refusals: number,
    private readonly statusCode = 429,
    private readonly retryAfter = '',
  ) {
    super('remote');
  }
  override async wrapKey(contentKey: Uint8Array) {
    this.calls += 1;
    const headers = { get: (name: string) => (name === 'retry-after' ? this.retryAfter : undefined) };
    if (this.calls <= this.refusals)
      throw Object.assign(new Error('busy'), { name: 'RestError', statusCode: this.statusCode, response: { headers } });
    return super.wrapKey(contentKey);
  }
}

it('the pace limits wraps, unwraps and unwraps without the cache together', async () => {
  const key = new InMemoryKey('remote');
  const wrapped = await key.wrapKey(PACKED);
  const keys = pacedKeys(key);
  let done = 0;
  const calls = Array.from({ length: 30 }, async (_, at) => {
    if (at % 3 === 0) await keys.wrap({ key, target: TARGET }, PACKED);
    else if (at % 3 === 1) await keys.unwrap({ key, target: TARGET }, wrapped);
    else await keys.withoutCache().unwrap({ key, target: TARGET }, wrapped);
    done += 1;
  });

  await clock.advance(1);
  expect(done).toBeLessThanOrEqual(MOST + 2);
  expect(done).toBeGreaterThanOrEqual(MOST - 1);
  await clock.advance(2);
  await Promise.all(calls);
});

it.each([
  ['AES', () => AesKeyEncryptionKey.generate('local')],
  ['RSA', () => RsaKeyEncryptionKey.fromKeyObject('local', RSA)],
])('the pace does not apply to an %s key in this process', async (_, make) => {
  const key = make();
  const keys = pacedKeys(key);
  for (let count = 0; count < 3 * MOST; count += 1) {
    const wrapped = await keys.wrap({ key, target: TARGET }, PACKED);
    expect(Buffer.from(await keys.unwrap({ key, target: TARGET }, wrapped))).toEqual(PACKED);
  }
  expect(pace.sent).toBe(0);
});

it('the pace applies to unwraps by a vault, even if its key wraps in this process', async () => {
  const key: KeyEncryptionKey = Object.assign(new InMemoryKey('vault'), { wrapsInProcess: true });
  const keys = pacedKeys(key);
  const wrapped = await keys.wrap({ key, target: TARGET }, PACKED);
  expect(pace.sent).toBe(0);
  await keys.unwrap({ key, target: TARGET }, wrapped);
  expect(pace.sent).toBe(1);
});

it.each([429, 503])('the rate is halved once if concurrent calls fail with status %i', async (statusCode) => {
  const keys = pacedKeys(new BusyKey(2, statusCode));
  const key = new BusyKey(2, statusCode);
  const calls = [1, 2, 3].map(() => keys.wrap({ key, target: TARGET }, PACKED));
  const results = Promise.allSettled(calls);
  await clock.advance(1);
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(pace.rate).toBe(MOST / 2);
});

it('the rate is halved again if calls still fail, and rises step by step once they succeed', async () => {
  pace.slowDown();
  await clock.advance(1);
  pace.slowDown();
  expect(pace.rate).toBe(MOST / 4);
  await clock.advance(10);
  await pace.take();
  expect(pace.rate).toBeCloseTo((MOST / 4) * 1.05);
});

it('the rate does not change if a key fails for another reason', async () => {
  const key = new BusyKey(1, 403);
  const call = pacedKeys(key).wrap({ key, target: TARGET }, PACKED);
  await expect(call).rejects.toMatchObject({ code: 'KEY_ACCESS_DENIED' });
  expect(pace.rate).toBe(MOST);
});

it('a job waits as long as a busy key service asks it to', async () => {
  const key = new BusyKey(1, 429, '20');
  const keys = pacedKeys(key);
  const patience = new Patience({
    ...{ clock, patience: 60, abortSignal: undefined, report: () => undefined },
    pace: new Pace(1000, clock),
  });
  const ended = patience.outlast(() => keys.wrap({ key, target: TARGET }, PACKED));
  await settled();

  await clock.advance(19);
  expect(key.calls).toBe(1);
  await clock.advance(1);
  await ended;
  expect(key.calls).toBe(2);
});
