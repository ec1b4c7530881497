import { InvalidOptionsError } from '../../../src/errors/input.js';
import { toPolicies } from '../../../src/nest/options/encryption-policies.js';
import { EncryptedStorageKeys } from '../../../src/nest/options/encrypted-storage-keys.js';
import { checkOptions } from '../../../src/nest/options/options-check.js';
import type { EncryptedStorageModuleOptions } from '../../../src/nest/options/encrypted-storage.options.js';
import { testKey } from '../../support/blobs.js';

const MIB = 1024 * 1024;

const optionsWith = (encryption: object, services: object = {}): EncryptedStorageModuleOptions => ({
  connection: { accountName: 'clinic', accountKey: Buffer.alloc(64).toString('base64') },
  encryption: { protocol: '2.1', keyEncryptionKey: testKey, ...encryption },
  ...services,
});

async function faultsOf(options: EncryptedStorageModuleOptions, feature?: object): Promise<readonly string[]> {
  try {
    checkOptions(options);
    await toPolicies(options, new EncryptedStorageKeys(), feature);
    return [];
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.faults;
    throw error;
  }
}

describe('options of integrity', () => {
  it.each([
    [{ integrity: 'verify' }],
    [{ integrity: 'require' }],
    [{ integrity: 'off', requireEncryption: false }],
    [{ readProtocols: ['1.0'] }],
    [{ readProtocols: ['1.0', '2.0', '2.1'] }],
    [{ maxRegionLength: 1 }],
    [{ maxRegionLength: 1024 * MIB }],
    [{ maxRegionLength: 32 * MIB, regionLength: 32 * MIB }],
    [{ context: () => 'tenant' }],
  ])('accept %j', async (encryption) => {
    expect(await faultsOf(optionsWith(encryption))).toEqual([]);
  });

  it.each([
    [{ integrity: 'on' }, /^"encryption\.integrity"/],
    [{ integrity: true }, /^"encryption\.integrity"/],
    [{ integrity: 'Verify' }, /^"encryption\.integrity"/],
    [{ readProtocols: [] }, /^"encryption\.readProtocols"/],
    [{ readProtocols: '2.0' }, /^"encryption\.readProtocols"/],
    [{ readProtocols: ['2.0', '3.0'] }, /^"encryption\.readProtocols"/],
    [{ readProtocols: [2] }, /^"encryption\.readProtocols"/],
    [{ maxRegionLength: 0 }, /^"encryption\.maxRegionLength"/],
    [{ maxRegionLength: 1024 * MIB + 1 }, /^"encryption\.maxRegionLength"/],
    [{ maxRegionLength: 1.5 }, /^"encryption\.maxRegionLength"/],
    [{ maxRegionLength: 16, regionLength: 17 }, /^"encryption\.maxRegionLength" is less than/],
    [{ context: 'tenant' }, /^"encryption\.context"/],
    [{ integrity: 'require', requireEncryption: false }, /^"encryption\.integrity" cannot be "require"/],
  ])('reject %j', async (encryption, fault) => {
    expect(await faultsOf(optionsWith(encryption))).toEqual([expect.stringMatching(fault)]);
  });

  it('are rejected together', async () => {
    expect(
      await faultsOf(optionsWith({ integrity: 'on', readProtocols: [], maxRegionLength: 0, context: 1 })),
    ).toHaveLength(4);
  });
});

describe('levels that are valid separately', () => {
  it.each([
    ['a service', { integrity: 'require' }, { queue: { encryption: { requireEncryption: false } } }, undefined],
    ['a feature', { requireEncryption: false }, {}, { integrity: 'require' }],
    ['a feature over a service', {}, { blob: { encryption: { requireEncryption: false } } }, { integrity: 'require' }],
    ['region lengths', { maxRegionLength: 100 }, {}, { regionLength: 101 }],
  ])('are rejected if they contradict each other: %s', async (_what, encryption, services, feature) => {
    expect(await faultsOf(optionsWith(encryption, services), feature)).toHaveLength(1);
  });

  it('read the protocol family of the level that names the protocol, unless a level names what to read', async () => {
    const policyOf = async (encryption: object) =>
      (await toPolicies(optionsWith(encryption), new EncryptedStorageKeys(), { protocol: '1.0' })).blob;

    expect(await policyOf({})).not.toHaveProperty('readProtocols');
    expect((await policyOf({ readProtocols: ['2.1'] })).readProtocols).toEqual(['2.1']);
  });
});
