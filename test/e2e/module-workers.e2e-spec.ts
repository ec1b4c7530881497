import {
  EncryptedBlobService,
  type EncryptedContainerClient,
  EncryptedStorageModule,
  getEncryptedContainerToken,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { content } from '../support/blobs.js';
import { optionsOf, started } from '../support/nest.js';

const MIB = 1024 * 1024;

describe('a module with worker threads', () => {
  it('seals large uploads for its features too, and ends pending work with the application', async () => {
    const container = uniqueName('workers');
    const app = await started(
      EncryptedStorageModule.forRoot({ ...optionsOf(), blob: { workers: 1 } }),
      EncryptedStorageModule.forFeature({ containers: [{ name: container, createIfNotExists: true }] }),
      EncryptedStorageModule.forFeature({ encryption: { protocol: '1.0' } }),
    );
    const plaintext = content(5 * MIB);
    const ofFeature = app
      .get<EncryptedContainerClient>(getEncryptedContainerToken(container), { strict: false })
      .getBlockBlobClient('feature');
    const ofRoot = app
      .get(EncryptedBlobService, { strict: false })
      .getContainerClient(container)
      .getBlockBlobClient('root');

    await Promise.all([ofFeature.uploadData(plaintext), ofRoot.uploadData(plaintext, { maxSingleShotSize: MIB })]);

    expect((await ofFeature.downloadToBuffer()).equals(plaintext)).toBe(true);
    expect((await ofRoot.downloadToBuffer()).equals(plaintext)).toBe(true);

    const underWay = ofFeature.uploadData(plaintext.subarray(1));
    await app.close();
    await underWay;
    expect((await ofFeature.downloadToBuffer()).equals(plaintext.subarray(1))).toBe(true);
  });
});
