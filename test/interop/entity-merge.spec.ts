import { Encrypt, EncryptedEntity } from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy } from '../support/tables.js';
import { casesOf } from '../support/vectors.js';

/** Declares nothing that the other SDKs sealed. */
@EncryptedEntity({ table: 'addeds' })
class Added {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() added!: number;
}

const cases = casesOf('table').map((vector) => [vector.id, vector] as const);
const tableName = uniqueTableName('foreign');

beforeAll(async () => {
  await tableOf(Added, tableName).createTable();
});

describe('a merge into a row of another SDK', () => {
  it('covers both orders of the IV', () => {
    expect(new Set(cases.map(([, { javaV1 = false }]) => javaV1)).size).toBe(2);
  });

  it.each(cases)('keeps sealed and plaintext properties: %s', async (id, vector) => {
    const table = tableOf(Added, tableName, tablePolicy({ keyEncryptionKey: vector.key }));
    const { PartitionKey: partitionKey, RowKey: rowKey, properties } = vector.entity;
    const row = vector.stored.minimalmetadata;
    const sealed = [...vector.encryptedProperties, SEALED_NAMES_PROPERTY].filter((name) => name in row);
    const clear = Object.entries(properties).filter(([name]) => !vector.encryptedProperties.includes(name));
    await table.unencryptedClient.upsertEntity(
      {
        ...{ partitionKey, rowKey, [ENCRYPTION_DATA_PROPERTY]: row[ENCRYPTION_DATA_PROPERTY] },
        ...Object.fromEntries(
          clear.map(([name, { type, value }]) => [name, { type: type.replace('Edm.', ''), value }]),
        ),
        ...Object.fromEntries(sealed.map((name) => [name, Buffer.from(row[name] as string, 'base64')])),
      },
      'Replace',
    );
    const before = await table.getEntity(partitionKey, rowKey);

    await table.updateEntity({ partitionKey, rowKey, added: -0 }, 'Merge');

    const { etag: _etag, timestamp: _timestamp, ...kept } = { ...before };
    const after: Record<string, unknown> = { ...(await table.getEntity(partitionKey, rowKey)) };
    expect(after).toMatchObject({ ...kept, added: -0 });
    for (const name of vector.encryptedProperties) expect([id, after[name]]).toEqual([id, properties[name]?.value]);
  });
});
