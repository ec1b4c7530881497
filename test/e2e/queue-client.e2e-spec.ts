import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueService, type EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { policyOf, testKey } from '../support/blobs.js';

const service = QueueServiceClient.fromConnectionString(connectionString());
const clientOf = (policy: EncryptionPolicy, name = uniqueName('client')) =>
  new EncryptedQueueService(() => service, policy).getQueueClient(name);

describe('the client of a queue', () => {
  it('tells whether the queue exists, and its properties', async () => {
    const queue = clientOf(policyOf('2.0'));
    expect(await queue.exists()).toBe(false);

    await queue.create({ metadata: { owner: 'ward' } });
    await queue.sendMessage('one');

    expect(await queue.exists()).toBe(true);
    expect(await queue.getProperties()).toMatchObject({ approximateMessagesCount: 1, metadata: { owner: 'ward' } });
  });

  it('reports the typed error of a key that uses the other build of this package', async () => {
    const queue = clientOf(policyOf('2.0'));
    await queue.create();
    await queue.sendMessage('sealed');
    const foreign = Object.assign(new Error('from the other build'), {
      code: 'KEY_UNWRAP_FAILED',
      [Symbol.for('nestjs-azure-encrypted-storage/error')]: true,
    });
    const reader = clientOf(
      policyOf('2.0', {
        keyEncryptionKey: {
          keyId: testKey.keyId,
          wrapKey: (contentKey) => testKey.wrapKey(contentKey),
          unwrapKey: () => Promise.reject(foreign),
        },
      }),
      queue.name,
    );
    const reported: unknown[] = [];

    const { receivedMessageItems } = await reader.receiveMessages({
      onDecryptionFailed: ({ error }) => {
        reported.push(error);
      },
    });

    expect(receivedMessageItems).toEqual([]);
    expect(reported).toEqual([foreign]);
  });
});
