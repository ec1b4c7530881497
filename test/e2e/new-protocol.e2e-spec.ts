/** @jest-environment node */
/** A protocol version is a folder and an entry: a made-up 3.0 (test/support/v3) is put into the list, and nothing else is touched. */
import { jest } from '@jest/globals';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import type { EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { protocolV3 } from '../support/v3/index.js';

const { PROTOCOLS } = await import('../../src/protocol/versions.js');
jest.unstable_mockModule('../../src/protocol/versions.js', () => ({ PROTOCOLS: [...PROTOCOLS, protocolV3] }));
const { PROTOCOL_VERSIONS } = await import('../../src/protocol/registry.js');
const { AesKeyEncryptionKey, EncryptedBlobService, EncryptedQueueService } =
  await import('nestjs-azure-encrypted-storage');

const policy: EncryptionPolicy = {
  // the type of versions is made from the list that the compiler sees
  protocol: '3.0' as EncryptionPolicy['protocol'],
  keyEncryptionKey: AesKeyEncryptionKey.generate('test:key'),
  requireEncryption: true,
};

describe('a protocol version that is a folder and an entry in the list', () => {
  it('can be chosen', () => {
    expect(PROTOCOL_VERSIONS).toEqual(['1.0', '2.0', '2.1', '3.0']);
  });

  it('carries a blob', async () => {
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

  it('carries a message', async () => {
    const service = QueueServiceClient.fromConnectionString(connectionString());
    const queue = new EncryptedQueueService(() => service, policy).getQueueClient(uniqueName('toy'));
    await queue.unencryptedClient.create();

    await queue.sendMessage('built of one folder');

    const { receivedMessageItems } = await queue.receiveMessages();
    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['built of one folder']);
  });
});
