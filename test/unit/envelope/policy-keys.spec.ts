import { setImmediate as nextTurn } from 'node:timers/promises';
import { createEnvelope, type EnvelopeContext, openEnvelope } from '../../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../../src/envelope/encryption-policy.js';
import { PolicyKeys } from '../../../src/envelope/policy-keys.js';
import { rewrapEnvelope } from '../../../src/envelope/rewrap.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { type EncryptionData, parseEncryptionData } from '../../../src/wire/encryption-data.js';
import { storedData, storedText } from '../../support/envelopes.js';
import { ContextKey } from '../../support/context-key.js';
import { onceRunning, SlowKey } from '../../support/slow-key.js';

const context: EnvelopeContext = { target: { kind: 'queue', account: 'a', queue: 'q' }, form: 'message' };
const policyOf = (more: Partial<EncryptionPolicy>): EncryptionPolicy => ({
  protocol: '2.0',
  requireEncryption: true,
  ...more,
});
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

async function sealed(policy: EncryptionPolicy, count = 1): Promise<EncryptionData[]> {
  return Promise.all(times(count, () => storedData(policy, context)));
}
const openAll = (policy: EncryptionPolicy, all: readonly EncryptionData[]): Promise<unknown> =>
  Promise.all(all.map((data) => openEnvelope(policy, data, context)));

describe('calls to keys', () => {
  it.each([
    [undefined, 32],
    [5, 5],
  ])('with a keyConcurrency of %p run at most %d at a time across all operations of a policy', async (given, most) => {
    const key = new SlowKey('slow', onceRunning(most));
    const policy = policyOf({ keyEncryptionKey: key, ...(given === undefined ? {} : { keyConcurrency: given }) });
    const all = await sealed(policy, 100);

    await Promise.all([openAll(policy, all), sealed(policy, 50)]);

    expect(key.most).toBe(most);
    expect(key.unwraps).toBe(100);
  });

  it('have a separate limit for each policy', async () => {
    const key = new SlowKey('slow', onceRunning(6));
    const policies = times(2, () => policyOf({ keyEncryptionKey: key, keyConcurrency: 3 }));

    await Promise.all(policies.map((policy) => sealed(policy, 10)));

    expect(key.most).toBe(6);
  });

  it('share a limit and a cache if policies share their keys', async () => {
    const key = new SlowKey('slow', onceRunning(3));
    const keys = new PolicyKeys({ keyConcurrency: 3 });
    const policies = times(2, () => policyOf({ keyEncryptionKey: key, keys }));
    const all = (await Promise.all(policies.map((policy) => sealed(policy, 10)))).flat();

    await Promise.all(policies.map((policy) => openAll(policy, all)));

    expect(key.most).toBe(3);
    expect(key.unwraps).toBe(20);
  });

  it('share the limit, but not the cache, with policies that do not use the cache', async () => {
    const key = new SlowKey('slow', onceRunning(2));
    const keys = new PolicyKeys({ keyConcurrency: 2 });
    const policies = [keys, keys.withoutCache()].map((calls) => policyOf({ keyEncryptionKey: key, keys: calls }));
    const all = await sealed(policies[0]!, 8);
    await openAll(policies[0]!, all);

    await Promise.all(policies.map((policy) => openAll(policy, all)));

    expect(key.most).toBe(2);
    expect(key.unwraps).toBe(16);
  });

  it.each([
    { keyConcurrency: 0 },
    { keyConcurrency: 1.5 },
    { unwrapCache: { max: 0 } },
    { unwrapCache: { ttl: Infinity } },
    { unwrapCache: true as never },
  ])('are rejected for a policy with %j, even if nothing checked it before', async (bad) => {
    const policy = policyOf({ keyEncryptionKey: new SlowKey('slow'), ...bad });

    await expect(createEnvelope(policy, context)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('an unwrapped key', () => {
  it('is cached, so reading content again does not call the key', async () => {
    const key = new SlowKey('slow');
    const policy = policyOf({ keyEncryptionKey: key });
    const all = await sealed(policy, 3);

    await openAll(policy, [...all, ...all]);
    await openAll(policy, all);

    expect(key.unwraps).toBe(3);
  });

  it.each<[string, Partial<EncryptionPolicy>, Partial<SlowKey> & { cacheUnwraps?: boolean }]>([
    ['with unwrapCache: false', { unwrapCache: false }, {}],
    ['for a key that opts out', {}, { cacheUnwraps: false }],
  ])('is not cached %s', async (_what, options, keyOptions) => {
    const key = Object.assign(new SlowKey('slow'), keyOptions);
    const policy = policyOf({ keyEncryptionKey: key, ...options });
    const all = await sealed(policy);

    await openAll(policy, [...all, ...all]);
    await openAll(policy, all);

    expect(key.unwraps).toBe(3);
  });

  it('is not cached for AES keys, which are as fast as a cache lookup', () => {
    expect(AesKeyEncryptionKey.generate('aes').cacheUnwraps).toBe(false);
  });

  it('is not shared with another policy of the same key', async () => {
    const key = new SlowKey('slow');
    const policies = times(2, () => policyOf({ keyEncryptionKey: key }));
    const all = await sealed(policies[0]!);

    await Promise.all(policies.map((policy) => openAll(policy, all)));

    expect(key.unwraps).toBe(2);
  });

  it('is not used if the call passes another key with the same id', async () => {
    const [mine, foreign] = [new SlowKey('customer'), new SlowKey('customer')];
    const policy = policyOf({});
    const encryptionData = await storedData(policy, { ...context, keyEncryptionKey: mine });
    await openEnvelope(policy, encryptionData, { ...context, keyEncryptionKey: mine });

    const opening = openEnvelope(policy, encryptionData, { ...context, keyEncryptionKey: foreign });

    await expect(opening).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
  });

  it('is not used once the resolver no longer knows the key', async () => {
    const key = new SlowKey('revoked');
    const keys = new Map([[key.keyId, key]]);
    const policy = policyOf({ keyEncryptionKey: key, keyResolver: (keyId) => keys.get(keyId) ?? null });
    const all = await sealed(policy);
    const reading = policyOf({ keyResolver: (keyId) => keys.get(keyId) ?? null });
    await openAll(reading, all);

    keys.delete(key.keyId);

    await expect(openAll(reading, all)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  });

  it('does not hide a changed version label', async () => {
    const policy = policyOf({ keyEncryptionKey: new SlowKey('slow') });
    const [data] = await sealed(policy);
    await openAll(policy, [data!]);

    await expect(openAll(policy, [{ ...data!, protocol: '2.1' }])).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  });

  it('is used by a rewrap, and is forgotten when the cache is closed', async () => {
    const [old, young] = [new SlowKey('old'), new SlowKey('young')];
    const text = await storedText(policyOf({ keyEncryptionKey: old }), context);
    const data = parseEncryptionData(text);
    const keys = new PolicyKeys();
    const policy = policyOf({ keyEncryptionKey: young, keyResolver: new KeyRing([old]).resolve, keys });
    await openAll(policy, [data]);

    await rewrapEnvelope(policy, text, context);
    expect(old.unwraps).toBe(1);

    keys.close();
    await openAll(policy, [data]);
    expect(old.unwraps).toBe(2);
  });
});

describe('a call to a key', () => {
  const atTarget = (queue: string): EnvelopeContext => ({ ...context, target: { kind: 'queue', account: 'a', queue } });

  it('receives the target, so that copied content is rejected even if its key is cached for the original', async () => {
    const key = new ContextKey('context');
    const policy = policyOf({ keyEncryptionKey: key });
    const data = await storedData(policy, atTarget('mine'));

    for (let read = 0; read < 3; read += 1) await openEnvelope(policy, data, atTarget('mine'));

    expect(key.unwraps).toBe(1);
    await expect(openEnvelope(policy, data, atTarget('other'))).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
  });

  it('receives the target of a rewrap, which wraps again under the same id if it is forced', async () => {
    const key = new ContextKey('context');
    const policy = policyOf({ keyEncryptionKey: key });
    const text = await storedText(policy, atTarget('mine'));
    key.rotate();

    const rewrapped = await rewrapEnvelope(policy, text, { ...atTarget('mine'), force: true });
    key.forgetOlder();

    expect((await rewrapEnvelope(policy, text, atTarget('mine'))).text).toBeNull();
    await openEnvelope(policy, parseEncryptionData(rewrapped.text ?? ''), atTarget('mine'));
  });

  it('receives tracing options, and a signal that follows the signal of the caller', async () => {
    const abort = new AbortController();
    const key = new SlowKey('slow', () => nextTurn());
    const policy = policyOf({ keyEncryptionKey: key });
    const [data] = await sealed(policy);

    const opening = openEnvelope(policy, data!, {
      ...context,
      operation: { abortSignal: abort.signal },
    });
    while (key.unwraps === 0) await Promise.resolve();
    abort.abort();

    await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
    expect(key.operations[0]?.tracingOptions).toBeDefined();
    expect(key.operations[0]?.abortSignal?.aborted).toBe(true);
  });
});
