import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity<Person>({ table: 'persons', clear: ['city'] })
class Person {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  city?: string;
}
@EncryptedEntity<Patient>({ table: 'patients', clear: ['age'] })
class Patient extends Person {
  @Encrypt<Patient>({ when: (patient) => patient.city !== 'open' }) room?: string;
  age?: number;
}
@EncryptedEntity({ table: 'notes' })
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
}
@EncryptedEntity({ table: 'wide', clear: '*' })
class Wide {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

type Stored = Readonly<Record<string, unknown>>;
const METADATA = [ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY] as const;

const tableName = uniqueTableName('patients');
const lax = tablePolicy({ requireEncryption: false });
let patients: EncryptedTableClient<Patient>;
let count = 0;
const fresh = (): Patient => ({ partitionKey: 'p', rowKey: `r${++count}`, name: 'A. Example', room: '12', age: 40 });
const stored = (rowKey: string): Promise<Stored> => patients.unencryptedClient.getEntity('p', rowKey);

beforeAll(async () => {
  patients = tableOf(Patient, tableName);
  await patients.createTable();
});

describe('an entity', () => {
  it('is returned as an instance of its class, without the metadata', async () => {
    const patient = fresh();
    await patients.createEntity(patient);

    const found = await patients.getEntity('p', patient.rowKey);

    expect(found).toBeInstanceOf(Patient);
    expect(found).toMatchObject(patient);
    expect(Object.keys(found)).not.toEqual(expect.arrayContaining([METADATA[0]]));
    expect(Object.keys(found)).not.toEqual(expect.arrayContaining([METADATA[1]]));
  });

  it('is stored with marked properties sealed and the others clear', async () => {
    const patient = fresh();
    await patients.createEntity(patient);

    const row = await stored(patient.rowKey);

    expect(row['name']).toBeInstanceOf(Uint8Array);
    expect(row['room']).toHaveLength(16);
    expect(row['age']).toBe(40);
    expect(row[SEALED_NAMES_PROPERTY]).toBeInstanceOf(Uint8Array);
    expect(JSON.parse(row[ENCRYPTION_DATA_PROPERTY] as string)).toMatchObject({
      EncryptionAgent: { Protocol: '1.0', EncryptionAlgorithm: 'AES_CBC_256' },
    });
    expect(Buffer.from(row['name'] as Uint8Array).includes('Example')).toBe(false);
  });

  it('has its own content key, and a new one when it is replaced', async () => {
    const [one, other] = [fresh(), fresh()];
    await patients.createEntity(one);
    await patients.createEntity(other);
    const before = await stored(one.rowKey);
    await patients.updateEntity(one);

    const rows = [before, await stored(other.rowKey), await stored(one.rowKey)];

    expect(new Set(rows.map((row) => row[ENCRYPTION_DATA_PROPERTY])).size).toBe(3);
  });

  it('stays clear in rows for which "when" returns false', async () => {
    const patient = { ...fresh(), city: 'open' };
    await patients.createEntity(patient);

    expect((await stored(patient.rowKey))['room']).toBe('12');
    expect(await patients.getEntity('p', patient.rowKey)).toMatchObject(patient);
  });

  it.each([
    ["o'brien", "it's"],
    ['a b', 'c d'],
    ['schlüssel', '鍵🔑'],
    ['a', 'bc'],
    ['', ''],
  ])('opens with the keys %j and %j', async (partitionKey, rowKey) => {
    await patients.upsertEntity({ partitionKey, rowKey, name: 'ünïcode 🔑', room: '' });

    expect(await patients.getEntity(partitionKey, rowKey)).toMatchObject({ name: 'ünïcode 🔑', room: '' });
  });
});

describe('updates', () => {
  it('replace by default', async () => {
    const patient = fresh();
    await patients.createEntity(patient);
    await patients.updateEntity({ partitionKey: 'p', rowKey: patient.rowKey, name: 'B' });

    const found = await patients.getEntity('p', patient.rowKey);

    expect(found.name).toBe('B');
    expect(found).not.toHaveProperty('age');
  });

  it('are rejected with the name of a property that cannot be stored', async () => {
    for (const name of [new Map(), [undefined], { type: 'String', value: 'x' }, '\ud800']) {
      const entity = { ...fresh(), name } as never;
      await expect(patients.createEntity(entity)).rejects.toMatchObject({
        code: 'UNSUPPORTED_VALUE',
        propertyName: 'name',
      });
    }
  });

  it('are rejected if a clear property would be dropped, also in a merge by the service', async () => {
    const keys = { partitionKey: 'p', rowKey: `r${++count}` };
    const lost = expect.objectContaining({ code: 'UNSUPPORTED_VALUE', propertyName: 'age' }) as unknown;
    await patients.createEntity({ ...keys, name: 'Jane', age: 40 });

    await expect(patients.updateEntity({ ...keys, name: 'Jane', age: NaN })).rejects.toEqual(lost);
    await expect(patients.updateEntity({ ...keys, age: Infinity }, 'Merge')).rejects.toEqual(lost);
    await expect(tableOf(Wide, tableName).updateEntity({ ...keys, age: NaN } as never, 'Merge')).rejects.toEqual(lost);

    expect(await patients.getEntity('p', keys.rowKey)).toMatchObject({ age: 40 });
  });

  it.each([...METADATA, 'PartitionKey', 'RowKey', 'name@odata.type'])(
    'are rejected with a property %s',
    async (name) => {
      const entity = { ...fresh(), [name]: 'x' };

      await expect(patients.createEntity(entity)).rejects.toMatchObject({ code: 'INVALID_ENTITY' });
    },
  );
});

describe('an unknown mode or action', () => {
  const before = { partitionKey: 'misspelt', rowKey: '1', name: 'Jane', city: 'w' };
  const change = { partitionKey: 'misspelt', rowKey: '1', city: 'x' };
  const calls: [what: string, call: () => Promise<unknown>][] = [
    ['an update', () => patients.updateEntity(change, 'merge' as never)],
    ['an upsert', () => patients.upsertEntity(change, 'merge' as never)],
    ['an update in a transaction', () => patients.submitTransaction([['update', change, 'merge' as never]])],
    ['an upsert in a transaction', () => patients.submitTransaction([['upsert', change, { etag: '*' } as never]])],
    ['an action', () => patients.submitTransaction([['insert', change] as never])],
  ];

  it.each(calls)('is rejected in %s and replaces nothing', async (_what, call) => {
    await patients.upsertEntity(before);

    await expect(call()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });

    expect(await patients.getEntity('misspelt', '1')).toMatchObject(before);
  });
});

describe('sizes', () => {
  it('allow 65535 bytes in a sealed property and reject one more by name', async () => {
    const patient = { ...fresh(), name: 'x'.repeat(65_535) };
    await patients.createEntity(patient);

    expect((await patients.getEntity('p', patient.rowKey)).name).toHaveLength(65_535);
    await expect(patients.createEntity({ ...fresh(), name: 'x'.repeat(65_536) })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      limitBytes: 65_536,
      actualBytes: 65_552,
      message: expect.stringContaining('"name"') as string,
    });
  });

  it('allow 250 properties and reject 251', async () => {
    const withMore = (more: number) => ({
      partitionKey: 'p',
      rowKey: `r${++count}`,
      name: 'x',
      ...Object.fromEntries(Array.from({ length: more }, (_, index) => [`extra${index}`, index])),
    });

    const wide = tableOf(Wide, tableName);
    await wide.createEntity(withMore(249));
    await expect(wide.createEntity(withMore(250))).rejects.toMatchObject({ code: 'INVALID_ENTITY' });
  });
});

describe('a projection', () => {
  it('returns what was requested and nothing else', async () => {
    const patient = fresh();
    await patients.createEntity(patient);

    const found = await patients.getEntity('p', patient.rowKey, { queryOptions: { select: ['name'] } });
    const withKey = await patients.getEntity('p', patient.rowKey, { queryOptions: { select: ['rowKey', 'age'] } });

    expect(found.name).toBe('A. Example');
    for (const name of ['partitionKey', 'rowKey', 'age', ...METADATA]) expect(found).not.toHaveProperty([name]);
    expect(withKey).toMatchObject({ rowKey: patient.rowKey, age: 40 });
    for (const name of ['partitionKey', 'name', ...METADATA]) expect(withKey).not.toHaveProperty([name]);
  });
});

describe('a listing', () => {
  it('returns pages with continuation tokens', async () => {
    const table = tableOf(Note, uniqueTableName('notes'));
    await table.createTable();
    await table.submitTransaction(
      Array.from(
        { length: 7 },
        (_, index) => ['create', { partitionKey: 'n', rowKey: `${index}`, text: `t${index}` }] as const,
      ),
    );

    const first = await table.listEntities().byPage({ maxPageSize: 3 }).next();
    const { continuationToken } = first.value as { continuationToken?: string };
    const rest = [];
    for await (const page of table.listEntities().byPage({ maxPageSize: 3, continuationToken })) rest.push(...page);
    const all = [];
    for await (const note of table.listEntities({ queryOptions: { filter: "PartitionKey eq 'n'" } }))
      all.push(note.text);

    expect(rest.map((note) => note.text)).toEqual(['t3', 't4', 't5', 't6']);
    expect(rest[0]).toBeInstanceOf(Note);
    expect(all).toEqual(['t0', 't1', 't2', 't3', 't4', 't5', 't6']);
  });
});

describe('a transaction', () => {
  it('seals every row by its own class and replaces by default', async () => {
    const partitionKey = uniqueTableName('t');
    const notes = tableOf(Note, tableName);
    const [one, two, three] = ['1', '2', '3'].map((rowKey) => ({ partitionKey, rowKey, name: 'x', city: 'y' }));
    await patients.submitTransaction([
      ['create', one!],
      ['create', two!],
    ]);

    await patients.submitTransaction([
      ['update', { partitionKey, rowKey: '1', name: 'new' }],
      ['delete', { partitionKey, rowKey: '2' }],
      ['upsert', three!],
      ['create', { partitionKey, rowKey: '4', text: 'secret' }, { entityClass: Note }],
    ]);

    const found = await patients.getEntity(partitionKey, '1');
    expect(found.name).toBe('new');
    expect(found).not.toHaveProperty('city');
    await expect(patients.getEntity(partitionKey, '2')).rejects.toMatchObject({ statusCode: 404 });
    expect((await notes.getEntity(partitionKey, '4')).text).toBe('secret');
    const row = await patients.unencryptedClient.getEntity(partitionKey, '4');
    expect(row['text']).toBeInstanceOf(Uint8Array);
  });

  it('writes nothing if one row is rejected, and must not be empty', async () => {
    const [good, bad] = [fresh(), { ...fresh(), name: [1n] as never }];

    await expect(
      patients.submitTransaction([
        ['create', good],
        ['create', bad],
      ]),
    ).rejects.toMatchObject({
      code: 'UNSUPPORTED_VALUE',
    });
    await expect(stored(good.rowKey)).rejects.toMatchObject({ statusCode: 404 });
    await expect(patients.submitTransaction([])).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('a damaged row', () => {
  const damage: readonly (readonly [string, (row: Record<string, unknown>) => void, string])[] = [
    ['no encryption data', (row) => delete row[METADATA[0]], 'INVALID_ENCRYPTION_METADATA'],
    ['encryption data that is not JSON', (row) => (row[METADATA[0]] = 'x'), 'INVALID_ENCRYPTION_METADATA'],
    ['encryption data that is not text', (row) => (row[METADATA[0]] = 7), 'INVALID_ENCRYPTION_METADATA'],
    [
      'an unknown protocol',
      (row) => (row[METADATA[0]] = String(row[METADATA[0]]).replace('"1.0"', '"9.0"')),
      'UNSUPPORTED_PROTOCOL',
    ],
    [
      'an unknown key',
      (row) => (row[METADATA[0]] = String(row[METADATA[0]]).replace('table:key', 'other')),
      'KEY_NOT_FOUND',
    ],
    ['a truncated list', (row) => (row[METADATA[1]] = Buffer.alloc(15)), 'DECRYPTION_FAILED'],
    ['a truncated value', (row) => (row['text'] = Buffer.alloc(15)), 'DECRYPTION_FAILED'],
    ['a value that is not bytes', (row) => (row['text'] = 1), 'DECRYPTION_FAILED'],
  ];

  it.each(damage)('with %s causes an error in both modes', async (_what, change, code) => {
    const rowKey = `d${++count}`;
    const notes = tableOf(Note, tableName);
    await notes.createEntity({ partitionKey: 'd', rowKey, text: 'x' });
    const row = { ...(await notes.unencryptedClient.getEntity('d', rowKey)) };
    change(row);
    await notes.unencryptedClient.updateEntity({ ...row, partitionKey: 'd', rowKey }, 'Replace');

    await expect(notes.getEntity('d', rowKey)).rejects.toMatchObject({ code });
    await expect(tableOf(Note, tableName, lax).getEntity('d', rowKey)).rejects.toMatchObject({ code });
  });
});
