import { TableClient, type TableEntity } from '@azure/data-tables';
import { AesKeyEncryptionKey, Encrypt, EncryptedEntity, Sign } from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { connectionString, uniqueTableName } from '../support/azurite.js';
import { codesOf, findingOf, keyFolder } from '../support/inspections.js';
import { tableOf, tablePolicy } from '../support/tables.js';
import { casesOf, keyArguments } from '../support/vectors.js';

const keyBase64 = Buffer.alloc(32, 5).toString('base64');
const keyEncryptionKey = AesKeyEncryptionKey.fromBase64('inspected:key', keyBase64);

const { folder, withKey } = keyFolder(keyBase64);

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Sign() status?: string;
  ward!: string;
}

const tableName = uniqueTableName('inspected');
const table = tableOf(Patient, tableName, tablePolicy({ keyEncryptionKey }));
beforeAll(() => table.createTable());

let rows = 0;
async function writtenRow(): Promise<{ rowKey: string; row: TableEntity }> {
  const rowKey = `row-${rows++}`;
  await table.createEntity({ partitionKey: 'p', rowKey, name: 'A. Example', status: 'in', ward: 'north' });
  const row = await table.unencryptedClient.getEntity('p', rowKey);
  return { rowKey, row: { ...row, partitionKey: 'p', rowKey } };
}

const replaced = (row: TableEntity) => table.unencryptedClient.updateEntity(row, 'Replace');

describe('the inspection of an entity', () => {
  it('reports what is visible without the key, and that the list of sealed properties is sealed', async () => {
    const { rowKey } = await writtenRow();

    const finding = await findingOf('entity', tableName, 'p', rowKey);

    expect(finding.facts).toMatchObject({ protocol: '1.0', keyId: 'inspected:key', mayBeSealed: { name: 16 } });
    expect(finding.facts).toMatchObject({ integrityEntries: 'complete', boundToContext: false });
    expect(codesOf(finding)).toEqual([]);
    expect(finding.notes.join()).toContain('the names of the sealed properties are sealed too');
    expect(JSON.stringify(finding)).not.toContain('A. Example');
  });

  it('opens every sealed property with the key', async () => {
    const { rowKey } = await writtenRow();

    const finding = await findingOf('entity', tableName, 'p', rowKey, ...withKey);

    expect(finding.verification).toEqual({
      ...{ verified: true, integrity: 'verified', plaintextBytes: 10 },
      ...{ sealedProperties: ['name'], signedProperties: ['status'] },
    });
    expect(JSON.stringify(finding)).not.toContain('A. Example');
  });

  it.each([
    ['a lost list', SEALED_NAMES_PROPERTY, undefined, ['LIST_MISSING'], 'DECRYPTION_FAILED'],
    ['lost encryption data', ENCRYPTION_DATA_PROPERTY, undefined, ['METADATA_INCOMPLETE'], 'absent'],
    ['encryption data that is not JSON', ENCRYPTION_DATA_PROPERTY, '{', ['ENCRYPTION_DATA_UNREADABLE'], 'absent'],
    ['a list that is text', SEALED_NAMES_PROPERTY, 'name', ['LIST_NOT_BINARY'], 'DECRYPTION_FAILED'],
    ['a truncated list', SEALED_NAMES_PROPERTY, new Uint8Array(15), ['LIST_LENGTH'], 'DECRYPTION_FAILED'],
    ['a sealed property in plaintext', 'name', 'A. Other', [], 'DECRYPTION_FAILED'],
    ['a signed property that was changed', 'status', 'out', [], 'DECRYPTION_FAILED'],
    ['a truncated sealed property', 'name', new Uint8Array(3), [], 'DECRYPTION_FAILED'],
  ] as const)('finds %s', async (_what, property, value, codes, verified) => {
    const { rowKey, row } = await writtenRow();
    const { [property]: _old, ...others } = row;
    await replaced(value === undefined ? others : { ...row, [property]: value });

    const finding = await findingOf('entity', tableName, 'p', rowKey, ...withKey);

    expect(codesOf(finding)).toEqual(codes);
    const { verification } = finding;
    const outcome = verification?.verified === false ? verification.code : 'none';
    expect(verification === undefined ? 'absent' : outcome).toBe(verified);
  });

  it('detects a row that was never encrypted', async () => {
    await table.unencryptedClient.createEntity({ partitionKey: 'p', rowKey: 'plain', name: 'A. Example' });

    const finding = await findingOf('entity', tableName, 'p', 'plain', ...withKey);

    expect(codesOf(finding)).toEqual(['NOT_ENCRYPTED']);
    expect(finding.facts['encrypted']).toBe(false);
  });

  it('detects a row that was moved to another key, since its IVs depend on both keys', async () => {
    const { row } = await writtenRow();
    await table.unencryptedClient.createEntity({ ...row, rowKey: 'moved' });

    const { verification } = await findingOf('entity', tableName, 'p', 'moved', ...withKey);

    expect(verification).toMatchObject({ verified: false, code: 'DECRYPTION_FAILED' });
  });
});

describe('the inspection of entities written by Python', () => {
  const vectors = casesOf('table');
  const own = uniqueTableName('vectors');
  const client = TableClient.fromConnectionString(connectionString(), own, { allowInsecureConnection: true });
  beforeAll(() => client.createTable());

  it.each(vectors.map((vector) => [vector.id, vector] as const))('recognizes and verifies %s', async (id, vector) => {
    const { PartitionKey: partitionKey, RowKey: rowKey } = vector.entity;
    const stored = vector.stored.fullmetadata;
    const sealed = [...vector.encryptedProperties, SEALED_NAMES_PROPERTY];
    await client.upsertEntity(
      {
        partitionKey,
        rowKey,
        [ENCRYPTION_DATA_PROPERTY]: stored[ENCRYPTION_DATA_PROPERTY],
        ...Object.fromEntries(sealed.map((name) => [name, Buffer.from(String(stored[name]), 'base64')])),
      },
      'Replace',
    );

    const finding = await findingOf('entity', own, partitionKey, rowKey, ...keyArguments(vector, folder));

    expect([id, codesOf(finding)]).toEqual([id, []]);
    expect(finding.verification).toMatchObject({ verified: true, sealedProperties: vector.encryptedProperties });
    expect(finding.notes.some((note) => note.includes('old Java SDK: PartitionKey before'))).toBe(
      vector.javaV1 === true,
    );
  });
});
