import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueService, type EncryptionPolicy, type KeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { policyOf, testKey } from '../support/blobs.js';

const service = QueueServiceClient.fromConnectionString(connectionString());
const clientOf = (policy: EncryptionPolicy, name = uniqueName('client')) =>
  new EncryptedQueueService(() => service, policy).getQueueClient(name);

describe('the client of a queue', () => {
  it('returns whether the queue exists, and its properties', async () => {
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

  it('sends a value as plain JSON, which any SDK reads as text', async () => {
    const queue = clientOf(policyOf('2.0'));
    await queue.create();

    await queue.sendJson({ patient: 'jane', wards: [1] });

    const [received] = (await queue.receiveMessages()).receivedMessageItems;
    expect(received?.messageBytes.toString()).toBe('{"patient":"jane","wards":[1]}');
  });

  it('sends many messages and reports the result of each', async () => {
    const queue = clientOf(policyOf('2.0'));
    await queue.create();
    const contents = Array.from({ length: 20 }, (_, index) => (index === 7 ? 'x'.repeat(70_000) : `message ${index}`));

    const outcomes = await queue.sendMessages(contents, { concurrency: 3, messageTimeToLive: 3600 });

    expect(outcomes.map(({ status }) => status)).toEqual(
      contents.map((_, index) => (index === 7 ? 'rejected' : 'fulfilled')),
    );
    expect(outcomes[7]).toMatchObject({ reason: { code: 'PAYLOAD_TOO_LARGE' } });
    const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
    const sent = new Map(peekedMessageItems.map(({ messageId, messageText }) => [messageId, messageText]));
    outcomes.forEach((outcome, index) => {
      if (outcome.status === 'fulfilled') expect(sent.get(outcome.value.messageId)).toBe(contents[index]);
    });
    await expect(queue.sendMessages(['a'], { concurrency: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('sends no more messages at once than configured', async () => {
    let running = 0;
    let most = 0;
    const key: KeyEncryptionKey = {
      keyId: testKey.keyId,
      wrapKey: async (contentKey) => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running -= 1;
        return testKey.wrapKey(contentKey);
      },
      unwrapKey: (encryptedKey, algorithm) => testKey.unwrapKey(encryptedKey, algorithm),
    };
    const queue = clientOf(policyOf('2.0', { keyEncryptionKey: key }));
    await queue.create();

    await queue.sendJsonMessages([1, 2, 3, 4, 5, 6], { concurrency: 2 });

    expect(most).toBeLessThanOrEqual(2);
    expect((await queue.getProperties()).approximateMessagesCount).toBe(6);
  });

  it('changes its metadata and its access policies', async () => {
    const queue = clientOf(policyOf('2.0'));
    await queue.create();
    const accessPolicy = { permissions: 'r', startsOn: new Date(0), expiresOn: new Date(1e12) };

    await queue.setMetadata({ owner: 'ward' });
    await queue.setAccessPolicy([{ id: 'readers', accessPolicy }]);

    expect((await queue.getProperties()).metadata).toEqual({ owner: 'ward' });
    expect((await queue.getAccessPolicy()).signedIdentifiers).toEqual([{ id: 'readers', accessPolicy }]);
  });
});
