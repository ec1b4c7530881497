/** A protocol version is a folder and an entry: adding a made-up 3.0 (test/support/v3) to the list is enough. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import type * as Core from 'nestjs-azure-encrypted-storage/core';
import type * as Registry from '../../src/protocol/registry.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { compileInto, installedPackage } from '../support/compiled-package.js';

const folder = installedPackage();
const toy = readFileSync('test/support/v3/index.ts', 'utf8');
compileInto(folder, 'protocol/v3/index.ts', toy.replaceAll('../../../src/', '../../'));
const list = readFileSync('src/protocol/versions.ts', 'utf8');
compileInto(
  folder,
  'protocol/versions.ts',
  `import { protocolV3 } from './v3/index.js';\n${list.replace(/\] as const/, ', protocolV3$&')}`,
);

const load = (path: string): Promise<unknown> => import(pathToFileURL(join(folder, path)).href);
const { PROTOCOL_VERSIONS } = (await load('protocol/registry.js')) as typeof Registry;
const { AesKeyEncryptionKey, EncryptedBlobService, EncryptedQueueService } = (await load('core.js')) as typeof Core;

const policy: EncryptionPolicy = {
  // the type of versions is derived from the list that the compiler sees
  protocol: '3.0' as EncryptionPolicy['protocol'],
  keyEncryptionKey: AesKeyEncryptionKey.generate('test:key'),
  requireEncryption: true,
};

describe('a protocol version that is a folder and an entry in the list', () => {
  it('can be selected', () => {
    expect(PROTOCOL_VERSIONS).toEqual(['1.0', '2.0', '2.1', '3.0']);
  });

  it('protects a blob', async () => {
    const service = BlobServiceClient.fromConnectionString(connectionString());
    const container = new EncryptedBlobService(() => service, policy).getContainerClient(uniqueName('toy'));
    await container.unencryptedClient.create();
    const blob = container.getBlockBlobClient('toy');

    await blob.uploadData(Buffer.from('built of one folder'));

    const { metadata } = await blob.unencryptedClient.getProperties();
    expect(JSON.parse(metadata?.['encryptiondata'] ?? '')).toMatchObject({
      EncryptionAgent: { Protocol: '3.0', EncryptionAlgorithm: 'TOY' },
      Toy: { Salt: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
    });
    expect((await blob.downloadToBuffer()).toString()).toBe('built of one folder');
    expect((await blob.downloadToBuffer(6, 2)).toString()).toBe('of');
  });

  it('protects a message', async () => {
    const service = QueueServiceClient.fromConnectionString(connectionString());
    const queue = new EncryptedQueueService(() => service, policy).getQueueClient(uniqueName('toy'));
    await queue.unencryptedClient.create();

    await queue.sendMessage('built of one folder');

    const { receivedMessageItems } = await queue.receiveMessages();
    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['built of one folder']);
  });
});
