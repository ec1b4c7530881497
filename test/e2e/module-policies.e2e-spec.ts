import { Injectable, Module } from '@nestjs/common';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedBlobService,
  EncryptedContainerClient,
  EncryptedEntity,
  EncryptedQueueService,
  type EncryptedStorageFeatures,
  EncryptedStorageModule,
  getEncryptedContainerToken,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { moduleWith, optionsOf, started } from '../support/nest.js';
import { onceRunning, SlowKey } from '../support/slow-key.js';

@Injectable()
class Nothing {}

@EncryptedEntity({ table: 'patients' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

describe('two features of one client in one module', () => {
  const key = AesKeyEncryptionKey.generate('one');
  const root = () => EncryptedStorageModule.forRoot(optionsOf());
  const feature = (encryption: EncryptedStorageFeatures['encryption'], more: EncryptedStorageFeatures = {}) =>
    EncryptedStorageModule.forFeature({
      containers: ['letters'],
      ...more,
      ...(encryption === undefined ? {} : { encryption }),
    });

  it.each<[string, EncryptedStorageFeatures['encryption'], EncryptedStorageFeatures['encryption']]>([
    ['another protocol', { protocol: '1.0' }, { protocol: '2.0' }],
    ['a policy and none', { protocol: '1.0' }, undefined],
    [
      'different keys with the same id',
      { keyEncryptionKey: key },
      { keyEncryptionKey: AesKeyEncryptionKey.generate('one') },
    ],
  ])('fail at start-up if they have %s, and explain what to do', async (_what, one, other) => {
    const starting = started(root(), moduleWith(Nothing, feature(one), feature(other)));

    await expect(starting).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      faults: [
        'module OneProviderModule imports two features of container "letters" with different "encryption": ' +
          'use the same one for both, or import them in separate modules',
      ],
    });
  });

  it('fail at start-up for queues and tables too, in one error', async () => {
    const both = (protocol: '1.0' | '2.0') => feature({ protocol }, { queues: ['letters'], tables: [Patient] });

    const starting = started(root(), moduleWith(Nothing, both('1.0'), both('2.0')));

    await expect(starting).rejects.toMatchObject({
      faults: [/container "letters"/, /queue "letters"/, /table "patients"/].map(
        (pattern) => expect.stringMatching(pattern) as unknown,
      ),
    });
  });

  it('fail at start-up if one of them is imported through another module', async () => {
    @Module({ imports: [feature({ protocol: '1.0' })], exports: [EncryptedStorageModule] })
    class Letters {}
    @Module({ imports: [Letters, feature({ protocol: '2.0' })] })
    class Office {}

    await expect(started(root(), Office)).rejects.toMatchObject({
      faults: [expect.stringMatching(/^module Office imports two features of container "letters"/)],
    });
  });

  it('fail at start-up if they name different tables or containers, because Nest would choose one', async () => {
    const named = (name: string) => [
      EncryptedStorageModule.forFeature({ tables: [{ entity: Patient, table: `patients${name}` }] }),
      EncryptedStorageModule.forFeatureAsync({
        containers: ['letters'],
        useFactory: () => ({ containers: { letters: `letters-${name}` } }),
      }),
    ];

    await expect(started(root(), moduleWith(Nothing, ...named('eu'), ...named('us')))).rejects.toMatchObject({
      faults: [
        /table "patientsus" with different names in the account, "patientseu" and "patientsus": use the same one/,
        /container "letters" with different names in the account, "letters-eu" and "letters-us"/,
      ].map((pattern) => expect.stringMatching(pattern) as unknown),
    });
  });

  it('start if they have the same policy, have different clients, or are in separate modules', async () => {
    const [one, other] = [moduleWith(Nothing, feature({ protocol: '1.0' })), moduleWith(Nothing, feature(undefined))];
    const twice = moduleWith(
      Nothing,
      feature({ protocol: '1.0' }),
      feature({ protocol: '1.0' }),
      feature({}, { containers: ['other'] }),
    );

    const app = await started(root(), one, other, twice);

    await app.close();
  });
});

describe('the policy of the root', () => {
  it('is shared by all services and by features without a policy, including its limit on key calls', async () => {
    const name = uniqueName('shared');
    const key = new SlowKey('slow', onceRunning(3));
    const containers = [{ name, createIfNotExists: true }];
    const app = await started(
      EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: key, keyConcurrency: 3 })),
      EncryptedStorageModule.forFeature({ containers, queues: [{ name, createIfNotExists: true }] }),
    );
    const container = app.get<EncryptedContainerClient>(getEncryptedContainerToken(name), { strict: false });
    const blobs = app.get(EncryptedBlobService).getContainerClient(name);
    const queue = app.get(EncryptedQueueService).getQueueClient(name);

    await Promise.all(
      ['1', '2', '3', '4'].flatMap((blob) => [
        container.getBlockBlobClient(`feature-${blob}`).uploadData(Buffer.from(blob)),
        blobs.getBlockBlobClient(`root-${blob}`).uploadData(Buffer.from(blob)),
        queue.sendMessage(blob),
      ]),
    );

    expect(key.wraps).toBe(12);
    expect(key.most).toBe(3);
    await app.close();
  });

  it('keeps no content key after the application has shut down', async () => {
    const name = uniqueName('closing');
    const key = new SlowKey('slow');
    const app = await started(
      EncryptedStorageModule.forRoot(optionsOf({ keyEncryptionKey: key })),
      EncryptedStorageModule.forFeature({ containers: [{ name, createIfNotExists: true }] }),
    );
    const blob = app.get(EncryptedBlobService).getContainerClient(name).getBlockBlobClient('a');
    await blob.uploadData(Buffer.from('a'));
    await blob.downloadToBuffer();
    await blob.downloadToBuffer();
    expect(key.unwraps).toBe(1);

    await app.close();

    await blob.downloadToBuffer();
    await blob.downloadToBuffer();
    expect(key.unwraps).toBe(3);
  });
});
