import { setImmediate as nextTurn } from 'node:timers/promises';
import { QueueServiceClient } from '@azure/storage-queue';
import { Encrypt, EncryptedEntity, EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { policyOf } from '../support/blobs.js';
import { consume, newQueue, stopConsumers, until } from '../support/consumers.js';
import { onceRunning, SlowKey } from '../support/slow-key.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'readings' })
class Reading {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() value!: string;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a page of 1,000 rows under a slow key', () => {
  const TRANSACTION = 100;
  const name = uniqueTableName('readings');
  const key = new SlowKey('far away');
  const rowsOf = (policy = tablePolicy({ keyEncryptionKey: key })) => tableOf(Reading, name, policy);
  const write = rowsOf();

  beforeAll(async () => {
    await write.createTable();
    for (const batch of upTo(10)) {
      const rows = upTo(TRANSACTION).map((index) => String(batch * TRANSACTION + index).padStart(4, '0'));
      await write.submitTransaction(
        rows.map((rowKey) => ['create', { partitionKey: 'p', rowKey, value: `value ${rowKey}` }] as const),
      );
    }
  });

  it.each([
    [undefined, 32],
    [100, 100],
  ])('is opened completely and in order with %p, by %d concurrent calls', async (keyConcurrency, most) => {
    const reader = key.another(onceRunning(most));
    const policy = tablePolicy({
      keyEncryptionKey: reader,
      ...(keyConcurrency === undefined ? {} : { keyConcurrency }),
    });

    const pages = rowsOf(policy).listEntities().byPage({ maxPageSize: 1000 });
    const { value } = await pages.next();
    const page = value as Reading[];

    expect(page).toHaveLength(1000);
    expect(page.every((row) => row.value === `value ${row.rowKey}`)).toBe(true);
    expect(reader.unwraps).toBe(1000);
    expect(reader.most).toBe(most);
  });

  it('never exceeds the limit when two pages are read concurrently', async () => {
    const reader = key.another(onceRunning(50));
    const table = rowsOf(tablePolicy({ keyEncryptionKey: reader, keyConcurrency: 50, unwrapCache: false }));

    await Promise.all(upTo(2).map(async () => table.listEntities().byPage({ maxPageSize: 100 }).next()));

    expect(reader.unwraps).toBe(200);
    expect(reader.most).toBe(50);
  });

  it('makes one key call for concurrent reads of the same row', async () => {
    const reader = key.another(() => nextTurn());
    const table = rowsOf(tablePolicy({ keyEncryptionKey: reader }));

    await Promise.all(upTo(20).map(() => table.getEntity('p', '0007')));

    expect(reader.unwraps).toBe(1);
  });
});

describe('32 messages under a slow key', () => {
  it('are opened concurrently, within the limit', async () => {
    const key = new SlowKey('far away');
    const service = QueueServiceClient.fromConnectionString(connectionString());
    const name = uniqueName('far');
    const queueOf = (keyEncryptionKey: SlowKey) =>
      new EncryptedQueueService(
        () => service,
        policyOf('2.0', { keyEncryptionKey, keyConcurrency: 20 }),
      ).getQueueClient(name);
    await queueOf(key).create();
    await Promise.all(upTo(32).map((index) => queueOf(key).sendMessage(String(index))));
    const reader = key.another(onceRunning(20));

    const { receivedMessageItems } = await queueOf(reader).receiveMessages({ numberOfMessages: 32 });

    expect(receivedMessageItems.map(({ messageText }) => Number(messageText)).sort((a, b) => a - b)).toEqual(upTo(32));
    expect(reader.unwraps).toBe(32);
    expect(reader.most).toBe(20);
  });
});

describe('consumers of two queues and other reads under one policy', () => {
  afterEach(stopConsumers);

  it('never make more concurrent key calls than the policy allows', async () => {
    const key = new SlowKey('one at a time');
    const policy = policyOf('2.0', { keyEncryptionKey: key, keyConcurrency: 1, unwrapCache: false });
    const queues = [await newQueue(policy), await newQueue(policy)];
    for (const queue of queues) for (const index of upTo(4)) await queue.sendMessage(String(index));
    let handled = 0;

    for (const queue of queues) await consume(queue, async () => void (handled += 1), { concurrency: 4 });
    await until(async () => {
      await Promise.all(queues.map((queue) => queue.peekMessages()));
      return handled === 8;
    });

    expect(key.most).toBe(1);
  });
});
