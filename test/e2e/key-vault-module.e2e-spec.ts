/** The option `keyVault` in a module: where its value comes from, what is logged, and what ends at shutdown. */
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EncryptedBlobService,
  EncryptedStorageHealthIndicator,
  EncryptedStorageKeys,
  EncryptedStorageModule,
  type EncryptionOptions,
  type KeyEvent,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { InProcessVault, refusal } from '../support/in-process-vault.js';
import { CapturingLogger, moduleWith, started, VERIFIED } from '../support/nest.js';
import { testKey } from '../support/blobs.js';

const connection = { connectionString: connectionString() };
let app: TestingModule | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

@Injectable()
class Holder {
  constructor(readonly blobs: EncryptedBlobService) {}
}

/** The id of the key that a service writes with. */
async function writtenWith(blobs: EncryptedBlobService): Promise<string> {
  const container = blobs.getContainerClient(uniqueName('vault'));
  await container.createIfNotExists();
  const blob = container.getBlockBlobClient('b');
  await blob.uploadData(Buffer.from('kept'));
  expect((await blob.downloadToBuffer()).toString()).toBe('kept');
  const { metadata = {} } = await blob.unencryptedClient.getProperties();
  const data = JSON.parse(metadata['encryptiondata'] ?? '') as { WrappedContentKey: { KeyId: string } };
  return data.WrappedContentKey.KeyId;
}

describe('the option keyVault', () => {
  const vault = new InProcessVault();
  const records = vault.rotate('records');
  const research = vault.rotate('research');
  const inVault = (name: string): Partial<EncryptionOptions> => ({ keyVault: vault.options(name) });
  const rooted = (encryption: Partial<EncryptionOptions>) => ({
    connection,
    encryption: { protocol: '2.0' as const, ...encryption },
  });

  it.each<[string, Partial<EncryptionOptions>, Partial<EncryptionOptions>, string]>([
    ['its own vault instead of that of the root', inVault('records'), inVault('research'), research],
    ['the vault of the root by default', inVault('records'), { requireEncryption: true }, records],
    ['its own vault instead of a key of the root', { keyEncryptionKey: testKey }, inVault('research'), research],
    ['its own key instead of the vault', inVault('records'), { keyEncryptionKey: testKey }, testKey.keyId],
  ])('lets a feature write with %s, in forFeature and forFeatureAsync', async (_what, root, feature, keyId) => {
    const modules = [
      moduleWith(Holder, EncryptedStorageModule.forFeature({ encryption: feature })),
      moduleWith(Holder, EncryptedStorageModule.forFeatureAsync({ useFactory: () => ({ encryption: feature }) })),
    ];
    app = await started(EncryptedStorageModule.forRootAsync({ useFactory: () => rooted(root) }), ...modules);

    for (const module of modules) {
      expect(await writtenWith(app.select(module).get(Holder, { strict: true }).blobs)).toBe(keyId);
    }
  });

  it('still reads what the vault of the root wrapped if a feature writes with its own key', async () => {
    const feature = moduleWith(
      Holder,
      EncryptedStorageModule.forFeature({ encryption: { keyEncryptionKey: testKey } }),
    );
    app = await started(EncryptedStorageModule.forRoot(rooted(inVault('records'))), feature);
    const [root, own] = [app.get(EncryptedBlobService), app.select(feature).get(Holder, { strict: true }).blobs];
    const container = root.getContainerClient(uniqueName('vault'));
    await container.createIfNotExists();
    await container.getBlockBlobClient('b').uploadData(Buffer.from('kept'));

    const read = own.getContainerClient(container.containerName).getBlockBlobClient('b').downloadToBuffer();

    expect((await read).toString()).toBe('kept');
  });

  it('is rejected at start-up with all its faults', async () => {
    const keyVault = { ...vault.options('records'), key: 'https://clinic.vault.azure.net/keys', refresh: 1 };

    const failing = started(EncryptedStorageModule.forRootAsync({ useFactory: () => rooted({ keyVault }) }));

    await expect(failing).rejects.toThrow(/"encryption\.keyVault\.key" .*"encryption\.keyVault\.refresh"/s);
  });
});

describe('the keys of an account', () => {
  async function inVault() {
    const vault = new InProcessVault();
    const keyId = vault.rotate('records');
    const logger = new CapturingLogger();
    const encryption = { protocol: '2.0', keyVault: vault.options('records') } as const;
    const root = EncryptedStorageModule.forRoot({ connection, encryption });
    app = await Test.createTestingModule({ imports: [root] })
      .setLogger(logger)
      .compile();
    await app.init();
    return { vault, keyId, logger, keys: app.get(EncryptedStorageKeys), blobs: app.get(EncryptedBlobService) };
  }

  it('report calls, cache hits and rotations to a listener until it unsubscribes', async () => {
    const { vault, keys, blobs } = await inVault();
    const events: KeyEvent[] = [];
    const end = keys.onEvent((event) => events.push(event));

    await writtenWith(blobs);
    expect(events.map(({ kind }) => kind)).toEqual(['versionConfirmed', 'wrapped', 'cacheMiss', 'unwrapped']);
    expect(keys.cache).toEqual({ hits: 0, misses: 1, evictions: 0, size: 1 });

    end();
    vault.rotate('records');
    await keys.refreshKeys();
    expect(events).toHaveLength(4);
  });

  it('are not affected by a listener that throws', async () => {
    const { keys, keyId, blobs, logger } = await inVault();
    keys.onEvent(() => {
      throw new TypeError('metrics');
    });

    expect(await writtenWith(blobs)).toBe(keyId);
    expect(logger.lines).toContain('error a listener of key events failed at wrapped: TypeError');
  });

  it('log an expiring version, missing purge protection, and a rotation once each', async () => {
    const { vault, keyId, keys, logger, blobs } = await inVault();
    vault.expire(keyId, Date.UTC(2020, 0, 1));
    vault.setRecoveryLevel(keyId, 'Recoverable+Purgeable');
    const lines = () =>
      logger.lines.filter((line) => line.includes(`key "${keyId.slice(0, 20)}`) && !line.includes('protocol'));

    await keys.refreshKeys();
    await keys.refreshKeys();
    expect(lines()).toEqual([
      `warn key ${JSON.stringify(keyId)} expires on 2020-01-01: rotate it, writes fail from then on`,
      expect.stringContaining('purge protection'),
    ]);

    const next = vault.rotate('records');
    await keys.refreshKeys();
    expect(lines().slice(2)).toEqual([`log key ${JSON.stringify(next)} writes from now on`]);

    vault.disable(next);
    for (let look = 0; look < 2; look += 1) await expect(keys.refreshKeys()).rejects.toBeDefined();
    expect(lines().slice(3)).toEqual([expect.stringMatching(/did not confirm the version that writes: KEY_DISABLED$/)]);
    await expect(writtenWith(blobs)).rejects.toMatchObject({ code: 'KEY_DISABLED' });
  });

  it('cause warnings in a passing health check', async () => {
    const { vault, keyId, blobs } = await inVault();
    const indicator = app!.get(EncryptedStorageHealthIndicator);
    vault.setRecoveryLevel(keyId, 'Recoverable+Purgeable');
    await writtenWith(blobs);

    const { storage } = await indicator.isHealthy('storage', { checks: ['key'] });

    expect(storage).toEqual({
      status: 'up',
      message: expect.stringContaining('without purge protection') as string,
      integrity: VERIFIED,
    });
  });

  it('end pending vault calls when the application shuts down', async () => {
    const { vault, keys, blobs } = await inVault();
    const container = blobs.getContainerClient(uniqueName('vault'));
    await container.createIfNotExists();
    await container.getBlockBlobClient('b').uploadData(Buffer.from('kept'));
    vault.fault = () => refusal(429, 'Throttled', { headers: { 'retry-after': '50' } });
    const throttled = new Promise<void>((resolve) => {
      keys.onEvent(({ kind }) => kind === 'throttled' && resolve());
    });

    const reading = container.getBlockBlobClient('b').downloadToBuffer();
    const read = expect(reading).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    await throttled;
    await app!.close();

    await read;
  });
});
