import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  type EncryptionPolicy,
  integrityTagOf,
  Sign,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy, withoutEntries } from '../support/tables.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward', 'bed'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string;
  @Sign() ward?: string;
  bed?: number;
}

const tableName = uniqueTableName('tagged');
const clientOf = (policy?: EncryptionPolicy): EncryptedTableClient<Patient> => tableOf(Patient, tableName, policy);
const patients = clientOf();
const strict = clientOf(tablePolicy({ integrity: 'require' }));
const stale = { code: 'STALE_CONTENT' };
const foreign = Buffer.alloc(32, 7).toString('base64');

let rows = 0;
const newKeys = () => ({ partitionKey: 'north', rowKey: String(++rows) });

beforeAll(() => patients.createTable());

type Write = (keys: { partitionKey: string; rowKey: string }) => Promise<{ readonly integrityTag?: string }>;
const existing = { name: 'Jane', ward: 'w', bed: 1 };

const writes: readonly [string, Write][] = [
  ['createEntity', (keys) => patients.createEntity({ ...keys, name: 'Joan' })],
  ['upsertEntity that inserts', (keys) => patients.upsertEntity({ ...keys, name: 'Joan' })],
  ['upsertEntity that merges nothing', (keys) => patients.upsertEntity({ ...keys, name: 'Joan' }, 'Merge')],
];
const changes: readonly [string, Write][] = [
  ['updateEntity', (keys) => patients.updateEntity({ ...keys, name: 'Joan' })],
  ['updateEntity that merges', (keys) => patients.updateEntity({ ...keys, name: 'Joan' }, 'Merge')],
  ['upsertEntity', (keys) => patients.upsertEntity({ ...keys, name: 'Joan' })],
  ['upsertEntity that merges', (keys) => patients.upsertEntity({ ...keys, name: 'Joan' }, 'Merge')],
  ['updateEntity that merges a signed property', (keys) => patients.updateEntity({ ...keys, ward: 'x' }, 'Merge')],
];

describe.each([
  ...writes.map(([name, write]) => [name, write, false] as const),
  ...changes.map(([name, write]) => [name, write, true] as const),
])('the integrity tag of %s', (_name, write, isChange) => {
  it('identifies the write for later reads', async () => {
    const keys = newKeys();
    const before = isChange ? (await patients.createEntity({ ...keys, ...existing })).integrityTag : foreign;

    const { integrityTag } = await write(keys);

    expect([integrityTag?.length, integrityTag === before]).toEqual([44, false]);
    const { partitionKey, rowKey } = keys;
    for (const client of [patients, strict]) {
      const read = await client.getEntity(partitionKey, rowKey, { expectedIntegrityTag: integrityTag! });
      expect([integrityTagOf(read), Object.getOwnPropertySymbols({ ...read })]).toEqual([integrityTag, []]);
    }
    const reading = patients.getEntity(partitionKey, rowKey, { expectedIntegrityTag: before! });
    await expect(reading).rejects.toMatchObject(stale);
  });
});

it('a transaction returns a tag for each row it writes, in the order of its actions', async () => {
  const [one, two, three] = [newKeys(), newKeys(), newKeys()];
  await patients.submitTransaction([one, two, three].map((keys) => ['create', { ...keys, ...existing }] as const));

  const { integrityTags } = await patients.submitTransaction([
    ['update', { ...one, name: 'Joan' }, 'Merge'],
    ['delete', two],
    ['update', { ...three, bed: 2 }, 'Merge'],
    ['create', { ...newKeys(), name: 'New' }],
  ]);

  expect(integrityTags.map((tag) => tag?.length)).toEqual([44, undefined, undefined, 44]);
  const read = await patients.getEntity('north', one.rowKey, { expectedIntegrityTag: integrityTags[0]! });
  expect(read.name).toBe('Joan');
});

it('a tag reveals a restored old version, also in projections', async () => {
  const { partitionKey, rowKey } = newKeys();
  await patients.createEntity({ partitionKey, rowKey, ...existing });
  const { etag: _etag, ...old } = await patients.unencryptedClient.getEntity(partitionKey, rowKey);
  const { integrityTag: expectedIntegrityTag } = await patients.updateEntity({ partitionKey, rowKey, name: 'Joan' });

  await patients.unencryptedClient.updateEntity(old as { partitionKey: string; rowKey: string }, 'Replace');

  for (const select of [undefined, ['ward'], ['bed'], ['name']]) {
    const options = select === undefined ? {} : { queryOptions: { select } };
    const reading = patients.getEntity(partitionKey, rowKey, {
      ...options,
      expectedIntegrityTag: expectedIntegrityTag!,
    });
    await expect(reading).rejects.toMatchObject(stale);
  }
  expect(await patients.getEntity(partitionKey, rowKey)).toMatchObject({ name: 'Jane' });
});

it('a tag stays the same when the service merges clear properties, and comes with the rows of a listing', async () => {
  const keys = newKeys();
  const { integrityTag } = await patients.createEntity({ ...keys, ...existing });

  const merged = await patients.updateEntity({ ...keys, bed: 2 }, 'Merge');

  expect(merged.integrityTag).toBeUndefined();
  const filter = `RowKey eq '${keys.rowKey}'`;
  for await (const patient of patients.listEntities({ queryOptions: { filter, select: ['bed'] } })) {
    expect([patient.bed, integrityTagOf(patient)]).toEqual([2, integrityTag]);
  }
  expect.assertions(2);
});

it('rows without entries have no tag, and match no expected tag', async () => {
  const [sealed, plain] = [newKeys(), newKeys()];
  const lenient = clientOf(tablePolicy({ requireEncryption: false }));
  const { integrityTag } = await clientOf(withoutEntries()).createEntity({ ...sealed, ...existing });
  await patients.unencryptedClient.createEntity({ ...plain, ...existing });

  expect(integrityTag).toBeUndefined();
  for (const { partitionKey, rowKey } of [sealed, plain]) {
    expect(integrityTagOf(await lenient.getEntity(partitionKey, rowKey))).toBeUndefined();
    const reading = lenient.getEntity(partitionKey, rowKey, { expectedIntegrityTag: foreign });
    await expect(reading).rejects.toMatchObject(stale);
  }
});

it.each([
  ['of 31 bytes', tablePolicy(), Buffer.alloc(31).toString('base64')],
  ['that is empty', tablePolicy(), ''],
  ['under "off"', withoutEntries(), foreign],
])('rejects an expected tag %s before any request', async (_what, policy, expectedIntegrityTag) => {
  const reading = clientOf(policy).getEntity('north', 'never-written', { expectedIntegrityTag });

  await expect(reading).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
});
