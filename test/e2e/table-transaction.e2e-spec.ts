import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { requestsOf, tableOf } from '../support/tables.js';

@EncryptedEntity<Patient>({ table: 'patients', clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string | null;
  @Encrypt() visits?: number;
  ward?: string;
}

const tableName = uniqueTableName('together');
let patients: EncryptedTableClient<Patient>;
let partitions = 0;

/** Two rows in a new partition. */
async function admitted(): Promise<[Patient, Patient]> {
  const partitionKey = `p${++partitions}`;
  const both: [Patient, Patient] = [
    { partitionKey, rowKey: '1', name: 'Jane', visits: 1, ward: 'w' },
    { partitionKey, rowKey: '2', name: 'Jack', visits: 2, ward: 'w' },
  ];
  await patients.submitTransaction(both.map((patient) => ['create', patient] as const));
  return both;
}
const keysOf = ({ partitionKey, rowKey }: Patient) => ({ partitionKey, rowKey });
const found = async ({ partitionKey, rowKey }: Patient): Promise<object> => ({
  ...(await patients.getEntity(partitionKey, rowKey)),
});

/** A client whose transactions another writer precedes the given number of times. */
function disturbed(times: number, disturb: () => Promise<unknown>): EncryptedTableClient<Patient> {
  const client = tableOf(Patient, tableName);
  let left = times;
  requestsOf(client, async (method) => {
    if (method === 'POST' && left-- > 0) await disturb();
  });
  return client;
}

beforeAll(async () => {
  patients = tableOf(Patient, tableName);
  await patients.createTable();
});

describe('an entity that its caller changes while it is stored', () => {
  const changed = async (entity: Patient, store: () => Promise<unknown>): Promise<object> => {
    const stored = store();
    Object.assign(entity, { name: 'Other', visits: 7, note: 'nobody declared this' });
    await stored;
    return patients.unencryptedClient.getEntity(entity.partitionKey, entity.rowKey);
  };

  it.each(['create', 'update', 'upsert', 'merge'] as const)(
    'is stored by a %s in a transaction with its original values',
    async (kind) => {
      const partitionKey = `p${++partitions}`;
      const entity: Patient = { partitionKey, rowKey: '1', name: 'Jane', ward: 'w' };
      if (kind === 'update' || kind === 'merge')
        await patients.createEntity({ partitionKey, rowKey: '1', name: 'Old' });

      const row = await changed(entity, () =>
        patients.submitTransaction([kind === 'merge' ? ['update', entity, 'Merge'] : [kind, entity]]),
      );

      expect(row).not.toHaveProperty('note');
      expect(row).not.toHaveProperty('visits');
      expect(await found(entity)).toMatchObject({ name: 'Jane', ward: 'w' });
    },
  );
});

describe('merges in a transaction', () => {
  it('change the named properties and keep the others', async () => {
    const [one, two] = await admitted();
    const three = { partitionKey: one.partitionKey, rowKey: '3' };

    const { attempts } = await patients.submitTransaction([
      ['update', { ...keysOf(one), name: 'Joan' }, 'Merge'],
      ['upsert', { ...keysOf(two), ward: 'x' }, 'Merge'],
      ['upsert', { ...three, name: 'New' }, 'Merge'],
    ]);

    expect(attempts).toBe(1);
    expect(await found(one)).toMatchObject({ name: 'Joan', visits: 1, ward: 'w' });
    expect(await found(two)).toMatchObject({ name: 'Jack', visits: 2, ward: 'x' });
    expect(await found(three)).toMatchObject({ name: 'New' });
  });

  it('of only clear properties are left to the service', async () => {
    const [one] = await admitted();
    const client = tableOf(Patient, tableName);
    const requests = requestsOf(client);

    await client.submitTransaction([['update', { ...keysOf(one), ward: 'x' }, 'Merge']]);

    expect(requests).toEqual(['POST']);
    expect(await found(one)).toMatchObject({ name: 'Jane', visits: 1, ward: 'x' });
  });

  it('are all retried if one row was changed or inserted meanwhile, and lose nothing', async () => {
    const [one, two] = await admitted();
    const three = { partitionKey: one.partitionKey, rowKey: '3' };
    const client = disturbed(2, () => patients.upsertEntity({ ...three, visits: 7 }, 'Merge'));

    const { attempts } = await client.submitTransaction([
      ['update', { ...keysOf(one), name: 'Joan' }, 'Merge'],
      ['update', { ...keysOf(two), name: 'replaced' }],
      ['upsert', { ...three, name: 'New' }, 'Merge'],
    ]);

    expect(attempts).toBe(3);
    expect(await found(one)).toMatchObject({ name: 'Joan', visits: 1 });
    expect(await found(two)).not.toHaveProperty('ward');
    expect(await found(three)).toMatchObject({ name: 'New', visits: 7 });
  });

  it('fail after the maximum attempts without writing anything', async () => {
    const [one, two] = await admitted();
    const client = disturbed(9, () => patients.updateEntity({ ...keysOf(one), visits: 9 }, 'Merge'));

    const submitted = client.submitTransaction(
      [
        ['update', { ...keysOf(two), name: 'replaced' }],
        ['update', { ...keysOf(one), name: 'Joan' }, 'Merge'],
      ],
      { mergeAttempts: 2 },
    );

    await expect(submitted).rejects.toMatchObject({ statusCode: 412 });
    expect(await found(one)).toMatchObject({ name: 'Jane', visits: 9 });
    expect(await found(two)).toMatchObject({ name: 'Jack' });
  });

  it('are not retried after a conflict of another action, nor with an ETag of the caller', async () => {
    const [one, two] = await admitted();
    const { etag } = await patients.getEntity(one.partitionKey, one.rowKey);
    await patients.updateEntity({ ...keysOf(one), visits: 3 }, 'Merge');
    const client = tableOf(Patient, tableName);
    const requests = requestsOf(client);
    const merge = ['upsert', { ...keysOf(two), name: 'Joan' }, 'Merge'] as const;

    await expect(client.submitTransaction([merge, ['create', one]])).rejects.toMatchObject({ statusCode: 409 });
    await expect(
      client.submitTransaction([merge, ['update', { ...keysOf(one), name: 'x' }, 'Merge', { etag }]]),
    ).rejects.toMatchObject({ statusCode: 412 });
    expect(requests.filter((request) => request === 'POST')).toHaveLength(2);
    expect(await found(two)).toMatchObject({ name: 'Jack' });
  });

  it('write nothing if one row does not open or does not exist', async () => {
    const [one, two] = await admitted();
    await patients.unencryptedClient.updateEntity({ ...keysOf(one), visits: Buffer.alloc(15) }, 'Merge');
    const replaced = ['update', { ...keysOf(two), name: 'replaced' }] as const;

    await expect(
      patients.submitTransaction([replaced, ['update', { ...keysOf(one), name: 'x' }, 'Merge']]),
    ).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
    await expect(
      patients.submitTransaction([replaced, ['update', { ...keysOf(one), rowKey: '9', name: 'x' }, 'Merge']]),
    ).rejects.toMatchObject({ statusCode: 404 });
    expect(await found(two)).toMatchObject({ name: 'Jack' });
  });
});
