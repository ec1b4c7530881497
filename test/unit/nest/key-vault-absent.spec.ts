/** Behaviour when the optional peer dependency `@azure/keyvault-keys` is not installed. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Test } from '@nestjs/testing';
import type * as Package from '../../../src/index.js';
import { installedPackage } from '../../support/compiled-package.js';
import { InProcessVault } from '../../support/in-process-vault.js';
import { SILENT } from '../../support/nest.js';

const index = join(installedPackage({ absent: '@azure/keyvault-keys' }), 'index.js');
const { AesKeyEncryptionKey, EncryptedStorageModule } = (await import(pathToFileURL(index).href)) as typeof Package;

const connection = { blobEndpoint: 'https://clinic.blob.core.windows.net' };
const keyEncryptionKey = AesKeyEncryptionKey.generate('k');
const keyVault = new InProcessVault().options('records');

const start = async (...imports: Parameters<typeof Test.createTestingModule>[0]['imports'] & object): Promise<void> => {
  const app = await Test.createTestingModule({ imports: [...imports] })
    .setLogger(SILENT)
    .compile();
  await app.close();
};

describe('without @azure/keyvault-keys', () => {
  it('a module with keyVault does not start, and reports what to install', async () => {
    const starting = start(EncryptedStorageModule.forRoot({ connection, encryption: { protocol: '2.0', keyVault } }));

    await expect(starting).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('npm install @azure/keyvault-keys') as string,
    });
  });

  it('a feature with keyVault does not start either', async () => {
    const encryption = { protocol: '2.0', keyEncryptionKey } as const;
    const starting = start(
      EncryptedStorageModule.forRoot({ connection, encryption }),
      EncryptedStorageModule.forFeature({ encryption: { keyVault } }),
    );

    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('a module with other keys starts', async () => {
    await start(EncryptedStorageModule.forRoot({ connection, encryption: { protocol: '2.0', keyEncryptionKey } }));
  });
});
