import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import {
  AesKeyEncryptionKey,
  Encrypt,
  EncryptedEntity,
  EncryptedQueueService,
  type EncryptionPolicy,
  type EncryptionTarget,
  KeyRing,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { bytesFrom, containersFor, policyOf } from '../support/blobs.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'patients' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

const { accountName: ACCOUNT } = BlobServiceClient.fromConnectionString(connectionString());
const keys = {
  a: AesKeyEncryptionKey.generate('a/2025'),
  formerA: AesKeyEncryptionKey.generate('a/2024'),
  b: AesKeyEncryptionKey.generate('b/2025'),
};
/** The keys of all tenants are available, as in a service for all of them. */
const keyResolver = new KeyRing(Object.values(keys)).resolve;
const notAllowed = expect.objectContaining({ code: 'KEY_NOT_ALLOWED', keyId: 'b/2025' }) as unknown;

/** A policy that picks `keys.a`, and the targets it was asked for since the last call. */
function recorded(policy: EncryptionPolicy) {
  const targets: EncryptionTarget[] = [];
  const pick = (target: EncryptionTarget) => {
    targets.push(target);
    return keys.a;
  };
  return { policy: { ...policy, keyEncryptionKey: pick }, asked: () => targets.splice(0) };
}

const queueService = QueueServiceClient.fromConnectionString(connectionString());
const queueOf = (policy: EncryptionPolicy, name: string) =>
  new EncryptedQueueService(() => queueService, policy).getQueueClient(name);

describe('the function that picks the key', () => {
  it('is called for each row in every table operation, with the keys of the row', async () => {
    const { policy, asked } = recorded(tablePolicy());
    const name = uniqueTableName('targets');
    const table = tableOf(Patient, name, policy);
    await table.createTable();
    const row = (rowKey: string): Patient => ({ partitionKey: 'p', rowKey, name: 'A. Example' });
    const target = (rowKey: string) => ({ kind: 'table', account: ACCOUNT, table: name, partitionKey: 'p', rowKey });

    await table.createEntity(row('1'));
    expect(asked()).toEqual([target('1')]);
    await table.updateEntity(row('1'));
    expect(asked()).toEqual([target('1')]);
    await table.updateEntity({ ...row('1'), name: 'B. Example' }, 'Merge');
    expect(asked()).toEqual([target('1'), target('1')]);
    await table.upsertEntity(row('2'));
    expect(asked()).toEqual([target('2')]);
    await table.submitTransaction([
      ['create', row('3')],
      ['update', row('1')],
      ['upsert', row('2')],
    ]);
    expect(asked()).toEqual([target('3'), target('1'), target('2')]);
    await table.getEntity('p', '1');
    expect(asked()).toEqual([target('1')]);
    await table.listEntities().byPage().next();
    expect(asked()).toEqual([target('1'), target('2'), target('3')]);
  });

  it('is called for the blob in every blob operation', async () => {
    const { policy, asked } = recorded(policyOf('1.0', { keyResolver }));
    const [container] = await containersFor(policy);
    const blob = container.getBlockBlobClient('scan');
    const pages = container.getPageBlobClient('disk');
    const target = (name: string) => ({
      kind: 'blob',
      account: ACCOUNT,
      container: container.containerName,
      blob: name,
    });
    const operations: [string, () => Promise<unknown>][] = [
      ['scan', () => blob.upload('one', 3)],
      ['scan', () => blob.uploadData(Buffer.from('two'))],
      ['scan', () => blob.uploadStream(Readable.from([Buffer.from('three')]))],
      ['scan', async () => bytesFrom((await blob.download()).readableStreamBody)],
      ['scan', () => blob.downloadToBuffer(1, 2)],
      ['scan', () => blob.rewrapKey()],
      ['disk', () => pages.uploadData(Buffer.alloc(512))],
      ['disk', () => pages.downloadToBuffer()],
    ];

    for (const [name, operation] of operations) {
      await operation();
      expect(asked()).toEqual([target(name)]);
    }
    await blob.rewrapKey({ keyEncryptionKey: keys.b });
    expect(asked()).toEqual([target('scan')]);
  });

  it('is called for the queue in every queue operation', async () => {
    const { policy, asked } = recorded(policyOf('2.0'));
    const queue = queueOf(policy, uniqueName('targets'));
    await queue.create();
    const target = { kind: 'queue', account: ACCOUNT, queue: queue.name };

    await queue.sendMessage('one');
    expect(asked()).toEqual([target]);
    await queue.peekMessages();
    expect(asked()).toEqual([target]);
    const { receivedMessageItems } = await queue.receiveMessages();
    expect(asked()).toEqual([target]);
    const { messageId, popReceipt } = receivedMessageItems[0]!;
    await queue.updateMessage(messageId, popReceipt, 'two', 0);
    expect(asked()).toEqual([target]);
  });
});

describe('reads restricted to the keys of the tenant', () => {
  const allowKey = (keyId: string): boolean => keyId.startsWith('a/');
  const held = { keyEncryptionKey: keys.a, keyResolver, allowKey };

  it('reject a row that another tenant wrapped, and read the tenant’s own older rows', async () => {
    const name = uniqueTableName('tenants');
    const tableBy = (more: Partial<EncryptionPolicy>) => tableOf(Patient, name, tablePolicy(more));
    const row = (rowKey: string): Patient => ({ partitionKey: 'p', rowKey, name: 'A. Example' });
    await tableBy({}).createTable();
    await tableBy({ keyEncryptionKey: keys.formerA }).createEntity(row('former'));
    await tableBy({ keyEncryptionKey: keys.b }).createEntity(row('foreign'));

    expect(await tableBy(held).getEntity('p', 'former')).toMatchObject(row('former'));
    await expect(tableBy(held).getEntity('p', 'foreign')).rejects.toEqual(notAllowed);
    await expect(tableBy(held).listEntities().next()).rejects.toEqual(notAllowed);
    const reported: unknown[] = [];
    const rows = tableBy(held).listEntities({ onDecryptionFailed: ({ error }) => void reported.push(error) });
    const page = (await rows.byPage().next()).value as readonly Patient[];
    expect(page.map(({ rowKey }) => rowKey)).toEqual(['former']);
    expect(reported).toEqual([notAllowed]);
    await expect(tableBy({ keyResolver }).getEntity('p', 'foreign')).resolves.toMatchObject(row('foreign'));
  });

  it.each(['1.0', '2.0'] as const)('reject a blob of protocol %s that another tenant wrapped', async (protocol) => {
    const [mine, former, foreign] = await containersFor(
      policyOf(protocol, held),
      policyOf(protocol, { keyEncryptionKey: keys.formerA }),
      policyOf(protocol, { keyEncryptionKey: keys.b }),
    );
    await former.getBlockBlobClient('former').uploadData(Buffer.from('scan'));
    await foreign.getBlockBlobClient('foreign').uploadData(Buffer.from('scan'));
    const blob = mine.getBlockBlobClient('foreign');

    expect((await mine.getBlockBlobClient('former').downloadToBuffer()).toString()).toBe('scan');
    await expect(blob.download()).rejects.toEqual(notAllowed);
    await expect(blob.downloadToBuffer()).rejects.toEqual(notAllowed);
    await expect(blob.rewrapKey()).rejects.toEqual(notAllowed);
    await expect(blob.uploadData(Buffer.from('x'), { keyEncryptionKey: keys.b })).rejects.toEqual(notAllowed);
  });

  it('report a message that another tenant wrapped, and return the others', async () => {
    const name = uniqueName('tenants');
    const mine = queueOf(policyOf('2.0', held), name);
    await mine.create();
    await queueOf(policyOf('2.0', { keyEncryptionKey: keys.b }), name).sendMessage('foreign');
    await mine.sendMessage('mine');
    const reported: unknown[] = [];

    await expect(mine.peekMessages({ numberOfMessages: 2 })).rejects.toEqual(notAllowed);
    const { receivedMessageItems } = await mine.receiveMessages({
      numberOfMessages: 2,
      onDecryptionFailed: ({ error }) => {
        reported.push(error);
      },
    });

    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['mine']);
    expect(reported).toEqual([notAllowed]);
  });
});

describe('a tenant that only the call knows, through AsyncLocalStorage', () => {
  const tenants = new AsyncLocalStorage<'a' | 'b'>();
  const current = (): 'a' | 'b' => {
    const tenant = tenants.getStore();
    if (tenant === undefined) throw new Error('outside of a request');
    return tenant;
  };
  const policy = tablePolicy({
    // waits, so that requests interleave
    keyEncryptionKey: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return keys[current()];
    },
    keyResolver,
    allowKey: (keyId) => keyId.startsWith(`${current()}/`),
    keyConcurrency: 2,
  });
  const table = tableOf(Patient, uniqueTableName('als'), policy);
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  it('has its own key in concurrent writes, batches, reads and listings', async () => {
    await table.createTable();
    const write = (tenant: 'a' | 'b') =>
      tenants.run(tenant, async () => {
        const row = (index: number) => ({ partitionKey: tenant, rowKey: String(index), name: `${tenant}${index}` });
        await Promise.all(upTo(10).map((index) => table.createEntity(row(index))));
        await table.submitTransaction(upTo(10).map((index) => ['upsert', row(index)] as const));
      });
    const list = (tenant: 'a' | 'b', partition: string) =>
      tenants.run(tenant, async () => {
        const names: string[] = [];
        const queryOptions = { filter: `PartitionKey eq '${partition}'` };
        for await (const { name } of table.listEntities({ queryOptions })) names.push(name);
        return names;
      });

    await Promise.all([write('a'), write('b')]);
    const [ofA, ofB] = await Promise.all([list('a', 'a'), list('b', 'b')]);

    expect(ofA).toEqual(upTo(10).map((index) => `a${index}`));
    expect(ofB).toEqual(upTo(10).map((index) => `b${index}`));
    await expect(list('a', 'b')).rejects.toEqual(notAllowed);
    await expect(tenants.run('a', () => table.getEntity('b', '0'))).rejects.toEqual(notAllowed);
    await expect(table.getEntity('a', '0')).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
  });
});
