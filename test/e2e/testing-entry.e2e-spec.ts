/** The exports of the testing entry, used as in the tests of an application. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { BlobServiceClient } from '@azure/storage-blob';
import { EncryptedBlobService, type KeyEncryptionKey } from 'nestjs-azure-encrypted-storage/core';
import { generateAesKey, generateRsaKey, InProcessVault, startEmulator } from 'nestjs-azure-encrypted-storage/testing';
import { EncryptedStorageModule, getEncryptedBlobServiceToken } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { started } from '../support/nest.js';

const serviceOf = (connection: string, keyEncryptionKey: KeyEncryptionKey): EncryptedBlobService =>
  new EncryptedBlobService(() => BlobServiceClient.fromConnectionString(connection), {
    protocol: '2.0',
    keyEncryptionKey,
    requireEncryption: true,
  });

it('starts a separate emulator and stops it', async () => {
  const emulator = await startEmulator();
  const container = serviceOf(emulator.connectionString, generateAesKey()).getContainerClient('scans');

  await container.create();
  await container.getBlockBlobClient('one').uploadData('content');

  expect((await container.getBlockBlobClient('one').downloadToBuffer()).toString()).toBe('content');
  expect(emulator.connectionString).not.toBe(connectionString());
  await emulator.stop();
  await emulator.stop();
  const { hostname, port } = new URL(container.unencryptedClient.url);
  const [refused] = (await once(connect(Number(port), hostname), 'error')) as [NodeJS.ErrnoException];
  expect(refused.code).toBe('ECONNREFUSED');
});

it.each([
  ['AES', generateAesKey],
  ['RSA', generateRsaKey],
])('generates %s keys that wrap and unwrap, a different one each time', async (_kind, generate) => {
  const [one, other] = [generate('one'), generate('other')];
  const contentKey = Buffer.alloc(32, 7);
  const { encryptedKey, algorithm } = await one.wrapKey(contentKey);

  expect(Buffer.from(await one.unwrapKey(encryptedKey, algorithm)).equals(contentKey)).toBe(true);
  await expect(other.unwrapKey(encryptedKey, algorithm)).rejects.toMatchObject({ code: 'KEY_UNWRAP_FAILED' });
});

it('replaces Key Vault under the module, through the real clients', async () => {
  const vault = new InProcessVault();
  const first = vault.rotate('clinic');
  const app = await started(
    EncryptedStorageModule.forRoot({
      connection: { connectionString: connectionString() },
      encryption: { protocol: '2.0', keyVault: vault.options('clinic') },
    }),
  );
  const blobs = app.get<EncryptedBlobService>(getEncryptedBlobServiceToken(), { strict: false });
  const container = blobs.getContainerClient(uniqueName('vault'));
  await container.createIfNotExists();

  await container.getBlockBlobClient('one').uploadData('content');

  const { metadata } = await container.getBlockBlobClient('one').getProperties();
  expect(JSON.parse(metadata?.['encryptiondata'] ?? '{}')).toMatchObject({ WrappedContentKey: { KeyId: first } });
  expect((await container.getBlockBlobClient('one').downloadToBuffer()).toString()).toBe('content');
  expect(vault.count('unwrapkey')).toBe(1);
  await app.close();
});
