import { createEnvelope, type EnvelopeContext, openEnvelope } from '../../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../../src/envelope/encryption-policy.js';
import { rewrapEnvelope } from '../../../src/envelope/rewrap.js';
import { KeyRing } from '../../../src/keys/key-ring.js';
import type { EncryptionTarget } from '../../../src/keys/key-encryption-key.js';
import { type EncryptionData, parseEncryptionData } from '../../../src/wire/encryption-data.js';
import { storedText } from '../../support/envelopes.js';
import { SlowKey } from '../../support/slow-key.js';

const keys = { old: new SlowKey('a/2024'), young: new SlowKey('a/2025'), foreign: new SlowKey('b/2025') };
const ring = new KeyRing(Object.values(keys));
const context: EnvelopeContext = {
  target: { kind: 'table', account: 'x', table: 'patients', partitionKey: 'a', rowKey: '1' },
  form: 'entity',
};
const policyOf = (more: Partial<EncryptionPolicy>): EncryptionPolicy => ({
  protocol: '2.0',
  requireEncryption: true,
  keyEncryptionKey: keys.young,
  keyResolver: ring.resolve,
  ...more,
});
/** The partition is the tenant, and its keys start with its name. */
const ofTheTenant = (keyId: string, target: EncryptionTarget): boolean =>
  target.kind === 'table' && keyId.startsWith(`${target.partitionKey}/`);
const held = policyOf({ allowKey: ofTheTenant });

const textBy = (key: SlowKey): Promise<string> => storedText(policyOf({ keyEncryptionKey: key }), context);
const sealedBy = async (key: SlowKey): Promise<EncryptionData> => parseEncryptionData(await textBy(key));

describe('a policy that allows the keys of the tenant', () => {
  it.each(['old', 'young'] as const)('reads what the %s key of the tenant has wrapped', async (name) => {
    await expect(openEnvelope(held, await sealedBy(keys[name]), context)).resolves.toBeDefined();
  });

  it('rejects what another tenant has wrapped, even if the key is available, and does not call that key', async () => {
    const data = await sealedBy(keys.foreign);
    await expect(openEnvelope(policyOf({}), data, context)).resolves.toBeDefined();
    const asked = keys.foreign.unwraps;

    await expect(openEnvelope(held, data, context)).rejects.toMatchObject({
      code: 'KEY_NOT_ALLOWED',
      keyId: 'b/2025',
      resource: 'patients',
    });
    expect(keys.foreign.unwraps).toBe(asked);
  });

  it('rejects it even if the call passes the key, or the cache has the answer', async () => {
    let isOpen = true;
    const policy = policyOf({ allowKey: () => isOpen });
    const data = await sealedBy(keys.foreign);
    const bringing = { ...context, keyEncryptionKey: keys.foreign };
    await openEnvelope(policy, data, context);
    await openEnvelope(policy, data, bringing);

    isOpen = false;

    await expect(openEnvelope(policy, data, context)).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
    await expect(openEnvelope(policy, data, bringing)).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
  });

  it('does not write with any other key', async () => {
    const writing = createEnvelope(held, { ...context, keyEncryptionKey: keys.foreign });

    await expect(writing).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
    await expect(createEnvelope(held, context)).resolves.toBeDefined();
  });

  it('rewraps only from and to keys of the tenant', async () => {
    const [fromOld, fromForeign] = [await textBy(keys.old), await textBy(keys.foreign)];
    const toForeign = { ...context, keyEncryptionKey: keys.foreign };

    expect(await rewrapEnvelope(held, fromOld, context)).toMatchObject({ keyId: 'a/2025' });
    for (const rewrap of [
      () => rewrapEnvelope(held, fromForeign, context),
      () => rewrapEnvelope(held, fromForeign, toForeign),
      () => rewrapEnvelope(held, fromOld, toForeign),
    ]) {
      await expect(rewrap()).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
    }
  });

  it.each<[string, unknown, string]>([
    ['no', () => false, 'KEY_NOT_ALLOWED'],
    ['nothing', () => undefined, 'KEY_NOT_ALLOWED'],
    ['something that is only truthy', () => 'yes', 'KEY_NOT_ALLOWED'],
    ['a promise of no', () => Promise.resolve(false), 'KEY_NOT_ALLOWED'],
    ['a failed lookup', () => Promise.reject(new Error('down')), 'KEY_UNAVAILABLE'],
  ])('treats %s as no', async (_what, allowKey, code) => {
    const policy = policyOf({ allowKey: allowKey as never });

    await expect(openEnvelope(policy, await sealedBy(keys.young), context)).rejects.toMatchObject({ code });
  });

  it('treats a promise of yes as yes', async () => {
    const policy = policyOf({ allowKey: () => Promise.resolve(true) });

    await expect(openEnvelope(policy, await sealedBy(keys.young), context)).resolves.toBeDefined();
  });
});
