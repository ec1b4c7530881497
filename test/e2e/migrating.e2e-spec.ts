/** Plaintext rows are merged with empty changes while plaintext is tolerated. */
import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'patients', clear: '*' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

async function encryptRows(patients: EncryptedTableClient<Patient>): Promise<void> {
  for await (const { partitionKey, rowKey, etag } of patients.listEntities()) {
    await patients.updateEntity({ partitionKey, rowKey }, 'Merge', { etag });
  }
}

it('encrypts plaintext rows in place', async () => {
  const name = uniqueTableName('patients');
  const migrating = tableOf(Patient, name, tablePolicy({ requireEncryption: false }));
  await migrating.createTable();
  const columns = {
    ward: '3',
    weight: { type: 'Double', value: 5 },
    at: { type: 'DateTime', value: '2026-01-02T03:04:05.1234567Z' },
    serial: { type: 'Int64', value: '9007199254740993' },
  };
  await migrating.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '1', name: 'Jane', ...columns });
  await migrating.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '3', ward: '4' });
  await migrating.createEntity({ partitionKey: 'north', rowKey: '2', name: 'John' });

  await encryptRows(migrating);

  const strict = tableOf(Patient, name);
  expect(await strict.getEntity('north', '1')).toMatchObject({ name: 'Jane', ward: '3' });
  expect(await strict.getEntity('north', '2')).toMatchObject({ name: 'John' });
  expect(await strict.getEntity('north', '3')).toMatchObject({ ward: '4' });
  let stored = '';
  const onResponse = ({ bodyAsText }: { bodyAsText?: string | null }): void => void (stored = bodyAsText ?? '');
  expect((await strict.unencryptedClient.getEntity('north', '1', { onResponse }))['name']).toBeInstanceOf(Uint8Array);
  for (const spelled of ['"weight":5.0', '05.1234567Z', '"9007199254740993"']) expect(stored).toContain(spelled);
});
