/** Rows and messages that name a version their key in the vault never had, among readable ones. */
import { jest } from '@jest/globals';
import * as sdk from '@azure/keyvault-keys';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptionPolicy,
  KeyVaultKeys,
  type KeyVaultSdk,
  PolicyKeys,
} from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { consume, likewise, newQueue, PATIENCE, plainQueue, stopConsumers, until } from '../support/consumers.js';
import { InProcessVault } from '../support/in-process-vault.js';
import { tableOf } from '../support/tables.js';

jest.setTimeout(2 * PATIENCE);
afterEach(stopConsumers);

@EncryptedEntity<Note>()
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}

const INVENTED = 'f'.repeat(32);

function policyFor(vault: InProcessVault): EncryptionPolicy {
  const keyVault = new KeyVaultKeys(vault.options('records'), sdk as unknown as KeyVaultSdk);
  return { protocol: '2.0', requireEncryption: true, keys: new PolicyKeys({ unwrapCache: false }), keyVault };
}

/** Three rows, the second of which names an invented version. */
async function plantedTable() {
  const vault = new InProcessVault();
  const version = vault.rotate('records').slice(-32);
  const tableName = uniqueTableName('planted');
  const notes = tableOf(Note, tableName, policyFor(vault));
  await notes.createTable();
  for (const rowKey of ['0', '1', '2']) await notes.createEntity({ partitionKey: 'p', rowKey, text: rowKey });
  const row = await notes.unencryptedClient.getEntity('p', '1');
  const data = String(row[ENCRYPTION_DATA_PROPERTY]).replace(version, INVENTED);
  await notes.unencryptedClient.updateEntity({ partitionKey: 'p', rowKey: '1', [ENCRYPTION_DATA_PROPERTY]: data });
  return { vault, notes: tableOf(Note, tableName, policyFor(vault)) };
}

/** A message that names an invented version, and a readable one. */
async function plantedQueue() {
  const vault = new InProcessVault();
  const version = vault.rotate('records').slice(-32);
  const queue = await newQueue(policyFor(vault));
  await queue.sendMessage('planted');
  const [message] = (await plainQueue(queue.name).receiveMessages()).receivedMessageItems;
  await plainQueue(queue.name).deleteMessage(message!.messageId, message!.popReceipt);
  await plainQueue(queue.name).sendMessage(message!.messageText.replace(version, INVENTED));
  await queue.sendMessage('good');
  return { vault, queue: likewise(queue, policyFor(vault)) };
}

async function listed({ notes }: Awaited<ReturnType<typeof plantedTable>>) {
  const rowKeys: string[] = [];
  const codes: string[] = [];
  for await (const { rowKey } of notes.listEntities({ onDecryptionFailed: ({ error }) => void codes.push(error.code) }))
    rowKeys.push(rowKey);
  return { rowKeys, codes };
}

describe('a row under an invented version', () => {
  it('is reported, and the listing continues', async () => {
    expect(await listed(await plantedTable())).toEqual({ rowKeys: ['0', '2'], codes: ['KEY_NOT_FOUND'] });
  });

  it('does not hide the deletion of the key, which stops the listing', async () => {
    const planted = await plantedTable();
    planted.vault.delete('records');

    await expect(listed(planted)).rejects.toMatchObject({ code: 'KEY_DELETED' });
  });
});

describe('a message under an invented version', () => {
  it('is reported by receiveMessages, which returns the others', async () => {
    const { queue } = await plantedQueue();
    const codes: string[] = [];

    const { receivedMessageItems } = await queue.receiveMessages({
      numberOfMessages: 32,
      onDecryptionFailed: ({ error }) => void codes.push(error.code),
    });

    expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual(['good']);
    expect(codes).toEqual(['KEY_NOT_FOUND']);
  });

  it('moves to the poison queue, and the consumer continues', async () => {
    const { queue } = await plantedQueue();
    const handled: string[] = [];

    const { consumer, count, events } = await consume(queue, ({ text }) => void handled.push(text));
    await until(() => count('poisoned') === 1 && count('handled') === 1);
    await consumer.stop();

    expect(handled).toEqual(['good']);
    expect(events.filter(({ kind }) => kind === 'poisoned')).toMatchObject([{ reason: 'KEY_NOT_FOUND' }]);
    expect(count('keyUnavailable')).toBe(0);
  });

  it('does not hide the deletion of the key, for which the consumer waits without poisoning messages', async () => {
    const { vault, queue } = await plantedQueue();
    vault.delete('records');

    const { consumer, count, events } = await consume(queue, () => undefined, { maxFailures: 1, maxDequeueCount: 1 });
    await until(() => count('keyUnavailable') >= 1 && vault.count('unwrapkey') >= 4);
    await consumer.stop();

    expect(events.find(({ kind }) => kind === 'keyUnavailable')).toMatchObject({ error: { code: 'KEY_DELETED' } });
    expect(count('poisoned') + count('handled')).toBe(0);
  });
});
