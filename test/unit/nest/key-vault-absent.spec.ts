/** @jest-environment node */
/** What happens where the optional peer `@azure/keyvault-keys` is not installed. */
import { jest } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { InProcessVault } from '../../support/in-process-vault.js';
import { SILENT } from '../../support/nest.js';

jest.unstable_mockModule('@azure/keyvault-keys', () => {
  throw Object.assign(new Error("Cannot find package '@azure/keyvault-keys'"), { code: 'ERR_MODULE_NOT_FOUND' });
});
const { AesKeyEncryptionKey, EncryptedStorageModule } = await import('../../../src/index.js');

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
  it('a module with keyVault does not start, and says what to install', async () => {
    const starting = start(EncryptedStorageModule.forRoot({ connection, encryption: { protocol: '2.0', keyVault } }));

    await expect(starting).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('npm install @azure/keyvault-keys') as string,
    });
  });

  it('neither does a feature with keyVault', async () => {
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
