/** Entities whose keys have custom names. Their rows are identical to those of a class with the names of the SDK. */
import { OmitType, PartialType } from '@nestjs/swagger';
import {
  Encrypt,
  EncryptedEntity,
  Filterable,
  HmacSearchKey,
  isMaintenanceClean,
  PartitionKey,
  RowKey,
  runMaintenance,
  Searchable,
  Sign,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['note'] })
class Patient {
  [Filterable]?: 'ward' | 'number' | 'bed';
  [Searchable]?: 'name';
  @PartitionKey() ward!: string;
  @RowKey() number!: string;
  @Encrypt({ searchable: true }) name!: string;
  @Encrypt<Patient>({ when: ({ ward, number }) => ward === 'private' && number > '1' }) room?: string;
  @Sign() bed?: number;
  note?: string;
  label?(): string {
    return `${this.ward}/${this.number}`;
  }
}

/** The same rows under the names of the SDK. */
@EncryptedEntity<Plain>({ table: 'patients', clear: ['note'] })
class Plain {
  [Searchable]?: 'name';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: true }) name!: string;
  @Encrypt<Plain>({ when: ({ partitionKey, rowKey }) => partitionKey === 'private' && rowKey > '1' }) room?: string;
  @Sign() bed?: number;
  note?: string;
}

class ChangePatient extends PartialType(OmitType(Patient, ['ward', 'number'] as const)) {}

const tableName = uniqueTableName('keys');
const searchKeys = { write: HmacSearchKey.generate() };
const policy = tablePolicy({ searchKeys });
const patients = tableOf(Patient, tableName, policy);
const plain = tableOf(Plain, tableName, policy);
const raw = patients.unencryptedClient;
const invalid = { code: 'INVALID_ENTITY' };
let count = 10;

const created = async (more: Partial<Patient> = {}): Promise<Patient> => {
  const patient = { ward: 'north', number: String(++count), name: `Name ${count}`, bed: 3, ...more };
  await patients.createEntity(patient);
  return patient;
};
const listed = async (options: Parameters<typeof patients.listEntities>[0]): Promise<readonly string[]> => {
  const labels: string[] = [];
  for await (const patient of patients.listEntities(options)) labels.push(patient.label?.() ?? '');
  return labels;
};
const withoutSystem = ({ etag: _etag, timestamp: _time, ...entity }: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(entity).filter(([name]) => !name.startsWith('odata.')));

beforeAll(() => patients.createTable());

it('stores keys once and returns them under the names of the class', async () => {
  const { ward, number, name } = await created({ note: 'a' });

  const stored = await raw.getEntity(ward, number);
  expect(Object.keys(stored)).toEqual(expect.arrayContaining(['partitionKey', 'rowKey']));
  expect(Object.keys(stored)).not.toEqual(expect.arrayContaining(['ward']));
  expect(stored).not.toHaveProperty('number');
  const read = await patients.getEntity(ward, number);
  expect(read).toBeInstanceOf(Patient);
  expect(read.label?.()).toBe(`${ward}/${number}`);
  expect(withoutSystem({ ...read })).toEqual({ ward, number, name, bed: 3, note: 'a' });
});

it('shares rows with a class that uses the names of the SDK, for reads and merges', async () => {
  const { number } = await created({ ward: 'private', room: '12' });
  const keys = { partitionKey: 'private', rowKey: number };

  await expect(plain.getEntity('private', number)).resolves.toMatchObject({ ...keys, room: '12' });
  await plain.updateEntity({ ...keys, room: '13', bed: 4 }, 'Merge');
  await expect(patients.getEntity('private', number)).resolves.toMatchObject({ ward: 'private', number, room: '13' });
});

it('replaces, merges and upserts entities that were read', async () => {
  const { ward, number } = await created();

  const read = await patients.getEntity(ward, number);
  await patients.updateEntity({ ...read, name: 'replaced' }, 'Replace', { etag: read.etag });
  await patients.updateEntity({ ward, number, note: 'clear' }, 'Merge');
  await patients.upsertEntity({ ward, number, name: 'merged', bed: 5 }, 'Merge');
  await patients.upsertEntity({ ward, number: `${number}-new`, name: 'inserted' }, 'Merge');
  const body: ChangePatient = Object.assign(new ChangePatient(), { room: '1' });
  await patients.updateEntity({ ward, number, ...body }, 'Merge');
  await expect(patients.getEntity(ward, number)).resolves.toMatchObject({ name: 'merged', note: 'clear', room: '1' });
  await patients.deleteEntity(ward, number);
  await expect(patients.getEntity(ward, number)).rejects.toMatchObject({ statusCode: 404 });
});

it('accepts either name in each action of a transaction', async () => {
  const [one, two] = [await created(), await created()];

  await patients.submitTransaction([
    ['create', { ward: 'north', number: 'created', name: 'created' }],
    ['create', { partitionKey: 'north', rowKey: 'plain', name: 'plain' }, { entityClass: Plain }],
    ['update', { ward: 'north', number: one.number, name: 'merged' }, 'Merge'],
    ['delete', { ward: 'north', number: two.number }],
  ]);
  await patients.submitTransaction([['delete', { partitionKey: 'north', rowKey: 'plain' }]]);
  const where = patients.where('ward', 'eq', 'north').and('number', 'ge', 'a');
  await expect(listed({ where })).resolves.toEqual(['north/created']);
  await expect(patients.getEntity('north', one.number)).resolves.toMatchObject({ name: 'merged', bed: 3 });
});

it('supports the names of the class in filters, searches and projections', async () => {
  const { number, name } = await created({ ward: 'south' });
  await created({ ward: 'south', bed: 4 });
  const label = `south/${number}`;

  const south = patients.where('ward', 'eq', 'south');
  await expect(listed({ where: south.and('bed', 'eq', 3) })).resolves.toEqual([label]);
  await expect(listed({ where: south.and('name', 'eq', name) })).resolves.toEqual([label]);
  await expect(listed({ where: south.and('number', 'startsWith', number) })).resolves.toEqual([label]);
  await expect(listed({ queryOptions: { filter: `RowKey eq '${number}'` } })).resolves.toEqual([label]);
  const select = ['ward', 'bed'];
  const selected = await patients.getEntity('south', number, { queryOptions: { select } });
  expect(withoutSystem({ ...selected })).toEqual({ ward: 'south', bed: 3 });
  const without = await patients.getEntity('south', number, { queryOptions: { select: ['name'] } });
  expect(withoutSystem({ ...without })).toEqual({ name });
});

it.each([{}, { filterOnCiphertext: true }])('rejects a text filter with the class name of a key: %j', async (more) => {
  const options = { queryOptions: { filter: "bed eq 3 and ward eq 'north'" }, ...more };
  await expect(listed(options)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining('"ward", which is stored as PartitionKey') as string,
  });
});

it('passes the names of the class to conditions, and trusts the keys', async () => {
  const { number } = await created({ ward: 'private', room: '12' });
  const open = await created({ room: '12' });

  expect((await raw.getEntity('private', number))['room']).toBeInstanceOf(Uint8Array);
  expect((await raw.getEntity('north', open.number))['room']).toBe('12');
  await patients.updateEntity({ ward: 'north', number: open.number, room: '13' }, 'Merge');
  expect((await raw.getEntity('north', open.number))['room']).toBe('13');
  await raw.updateEntity({ partitionKey: 'north', rowKey: open.number, number: '1', ward: 'x' }, 'Merge');
  await expect(patients.getEntity('north', open.number)).rejects.toMatchObject(invalid);
});

it('reports a column with the name of a key instead of dropping it', async () => {
  const { ward, number } = await created();
  const keys = { partitionKey: ward, rowKey: number };

  await raw.updateEntity({ ...keys, ward }, 'Merge');
  await expect(patients.getEntity(ward, number)).resolves.toMatchObject({ ward });
  await raw.updateEntity({ ...keys, ward: 'other' }, 'Merge');
  await expect(patients.getEntity(ward, number)).rejects.toMatchObject({
    ...invalid,
    message: expect.stringContaining('a column "ward" that differs from its PartitionKey') as string,
  });
  await patients.updateEntity({ ward, number, name: 'merged' }, 'Merge');
  expect((await raw.getEntity(ward, number))['ward']).toBe('other');
  const failed: object[] = [];
  const where = patients.where('ward', 'eq', ward).and('number', 'eq', number);
  await listed({ where, onDecryptionFailed: (failure) => void failed.push(failure) });
  expect(failed).toEqual([expect.objectContaining({ ...keys, error: expect.objectContaining(invalid) as Error })]);
});

it.each([
  ['without a key', { number: '1' }, '"ward" is a key'],
  ['with a key that is not text', { ward: 7, number: '1' }, '"ward" is a key'],
  ['with two values for a key', { ward: 'a', partitionKey: 'b', number: '1' }, '"ward" and "partitionKey" differ'],
])('rejects an entity %s', async (_what, keys, text) => {
  const entity = { ...keys, name: 'A' } as unknown as Patient;
  const refused = { ...invalid, message: expect.stringContaining(text) as string };
  await expect(patients.createEntity(entity)).rejects.toMatchObject(refused);
  await expect(patients.updateEntity(entity, 'Merge')).rejects.toMatchObject(refused);
  await expect(patients.submitTransaction([['create', entity]])).rejects.toMatchObject(refused);
});

it('rejects a row that was moved to other keys', async () => {
  const { ward, number } = await created();
  const stored = await raw.getEntity(ward, number);

  await raw.createEntity({ ...stored, partitionKey: ward, rowKey: 'moved' });
  await expect(patients.getEntity(ward, 'moved')).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  await raw.deleteEntity(ward, 'moved');
});

it('supports re-encryption and reindexing', async () => {
  const name = uniqueTableName('keysjob');
  const before = tableOf(Patient, name, tablePolicy({ searchKeys: { write: HmacSearchKey.generate() } }));
  const after = tableOf(Patient, name, policy);
  await before.createTable();
  await before.createEntity({ ward: 'private', number: '7', name: 'A', room: '12', bed: 1 });

  await after.unencryptedClient.createEntity({ partitionKey: 'private', rowKey: '8', name: 'B', room: '14' });

  for (const task of [{ do: 'reencrypt', when: { plaintext: true } }, { do: 'reindex' }] as const) {
    const report = await runMaintenance({ name: `keys-${task.do}`, task, sources: [after.forMaintenance()] });
    expect(isMaintenanceClean(report)).toBe(true);
  }
  const where = after.where('ward', 'eq', 'private').and('name', 'eq', 'A');
  const found: Patient[] = [];
  for await (const patient of after.listEntities({ where })) found.push(patient);
  expect(found).toEqual([expect.objectContaining({ ward: 'private', number: '7', room: '12' })]);
  await expect(after.getEntity('private', '8')).resolves.toMatchObject({ number: '8', name: 'B', room: '14' });
  expect(Object.keys(await after.unencryptedClient.getEntity('private', '8'))).not.toContain('ward');
});
