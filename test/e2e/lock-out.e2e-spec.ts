/** Repeated reads of changed content of protocol 1.0 without integrity entries, through every service. */
import { QueueServiceClient } from '@azure/storage-queue';
import { Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueTableName } from '../support/azurite.js';
import { containersFor, content, policyOf } from '../support/blobs.js';
import { consume, newQueue, PATIENCE, size, stopConsumers, until } from '../support/consumers.js';
import { tableOf, withoutEntries } from '../support/tables.js';

@EncryptedEntity({ table: 'notes' })
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}

const policy = policyOf('1.0', { integrity: 'off' });
const FAILED = 'DECRYPTION_FAILED';
const LOCKED = 'LOCKED_OUT';

afterEach(stopConsumers);

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'read';
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

async function codesOf(count: number, work: () => Promise<unknown>): Promise<Set<string>> {
  const codes = new Set<string>();
  for (let at = 0; at < count; at += 1) codes.add(await codeOf(work));
  return codes;
}

/** 20 bytes of plaintext, so that the last byte of the first block affects the padding. */
const damage = (sealed: Buffer): Buffer => Buffer.from(sealed).fill((sealed[15] as number) ^ 1, 15, 16);

it('locks out a changed blob for ranges and other clients too, but no other blob', async () => {
  const [container, other] = await containersFor(policy, policyOf('1.0'));
  const blob = container.getBlockBlobClient('changed');
  await blob.uploadData(content(20));
  await container.getBlockBlobClient('good').uploadData(content(20));
  const { metadata } = await blob.getProperties();
  const sealed = await blob.unencryptedClient.downloadToBuffer();
  await blob.unencryptedClient.uploadData(damage(sealed), { metadata: metadata! });

  expect(await codesOf(8, () => blob.downloadToBuffer())).toEqual(new Set([FAILED]));
  expect(await codesOf(8, () => blob.downloadToBuffer(19, 1))).toEqual(new Set([FAILED]));
  expect(await codeOf(() => blob.downloadToBuffer())).toBe(LOCKED);
  expect(await codeOf(() => other.getBlockBlobClient('changed').download(0, 1))).toBe(LOCKED);
  expect(await codeOf(() => other.getBlockBlobClient('good').downloadToBuffer())).toBe('read');
});

it(
  'postpones a changed message, and handles other messages under the same key',
  async () => {
    const queue = await newQueue(policy);
    const raw = QueueServiceClient.fromConnectionString(connectionString()).getQueueClient(queue.name);
    await queue.sendMessage('x'.repeat(20));
    const [message] = (await raw.peekMessages()).peekedMessageItems;
    const wrapper = JSON.parse(message!.messageText) as { EncryptedMessageContents: string };
    const changed = JSON.stringify({
      ...wrapper,
      EncryptedMessageContents: damage(Buffer.from(wrapper.EncryptedMessageContents, 'base64')).toString('base64'),
    });
    expect(await codesOf(16, () => queue.decryptMessage(changed))).toEqual(new Set([FAILED]));
    await queue.sendMessage('other');
    const handled: string[] = [];

    const { consumer, count } = await consume(queue, ({ text }) => void handled.push(text), {
      maxFailures: 1,
      maxDequeueCount: 1,
    });
    await until(() => count('handled') === 1 && count('released') > 0);
    await consumer.stop();

    expect(handled).toEqual(['other']);
    expect(count('keyUnavailable') + count('poisoned')).toBe(0);
    expect(await size(`${queue.name}-poison`)).toBe(0);
    expect(await size(queue.name)).toBe(1);
  },
  2 * PATIENCE,
);

it('reports a changed row to the handler of its listing, and returns the other rows', async () => {
  const notes = tableOf(Note, uniqueTableName('locked'));
  await notes.createTable();
  const unverified = tableOf(Note, notes.tableName, withoutEntries());
  await unverified.createEntity({ partitionKey: 'p', rowKey: '1', text: 'x'.repeat(20) });
  await notes.createEntity({ partitionKey: 'p', rowKey: '2', text: 'good' });
  const row = await notes.unencryptedClient.getEntity<{ text: Uint8Array }>('p', '1');
  await notes.unencryptedClient.updateEntity({ partitionKey: 'p', rowKey: '1', text: damage(Buffer.from(row.text)) });
  const reported: string[] = [];
  const list = async () => {
    const texts: string[] = [];
    for await (const { text } of notes.listEntities({
      onDecryptionFailed: ({ error }) => void reported.push(error.code),
    }))
      texts.push(text);
    return texts;
  };

  expect(await codesOf(16, () => notes.getEntity('p', '1'))).toEqual(new Set([FAILED]));
  expect(await codeOf(() => notes.getEntity('p', '1'))).toBe(LOCKED);
  expect(await codeOf(() => notes.listEntities().next())).toBe(LOCKED);
  expect(await list()).toEqual(['good']);
  expect(reported).toEqual([LOCKED]);
  expect(await codeOf(() => notes.getEntity('p', '2'))).toBe('read');
});
