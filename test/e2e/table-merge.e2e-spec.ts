import type { Edm } from '@azure/data-tables';
import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { requestsOf, tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'patients', clear: '*' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string | null;
  @Encrypt() born?: Date | null;
  @Encrypt() visits?: number;
  ward?: string | null;
  beds?: number;
}
/** Seals fewer properties than other classes in the same rows. */
@EncryptedEntity<Name>({ table: 'names', clear: ['visits', 'ward'] })
class Name {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name?: string;
  visits?: number;
  ward?: string;
}
@EncryptedEntity<Guest>({ table: 'guests', clear: ['discretion'] })
class Guest {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt<Guest>({ when: (guest) => guest.discretion === true }) room?: string | null;
  @Encrypt<Guest>({ when: (guest) => guest.discretion === true }) arrived?: Date;
  discretion?: boolean;
}

type Stored = Record<string, unknown>;
const tableName = uniqueTableName('merged');
const born = new Date('1980-05-06T07:08:09.010Z');
let patients: EncryptedTableClient<Patient>;
let guests: EncryptedTableClient<Guest>;
let count = 0;

const stored = (rowKey: string): Promise<Stored> => patients.unencryptedClient.getEntity<Stored>('p', rowKey);
const found = async (rowKey: string): Promise<Stored> => ({ ...(await patients.getEntity('p', rowKey)) });
async function admitted(more: object = {}): Promise<{ partitionKey: string; rowKey: string }> {
  const keys = { partitionKey: 'p', rowKey: `r${++count}` };
  await patients.createEntity({ ...keys, name: 'Jane', born, visits: -0, ward: 'w', beds: 2, ...more });
  return keys;
}
const conflict = expect.objectContaining({ statusCode: 412 }) as unknown;

beforeAll(async () => {
  patients = tableOf(Patient, tableName);
  guests = tableOf(Guest, tableName);
  await patients.createTable();
});

describe('a merge', () => {
  it('changes the named properties and seals the others again', async () => {
    const keys = await admitted();
    const before = await stored(keys.rowKey);

    const { attempts } = await patients.updateEntity({ ...keys, name: 'Joan', ward: 'x' }, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ name: 'Joan', born, visits: -0, ward: 'x', beds: 2 });
    expect(attempts).toBe(1);
    const after = await stored(keys.rowKey);
    for (const name of ['name', 'born', 'visits', ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY])
      expect(after[name]).not.toEqual(before[name]);
  });

  it('reads the row and replaces that version of it', async () => {
    const keys = await admitted();
    const { etag } = await stored(keys.rowKey);
    const requests = requestsOf(patients);

    await patients.updateEntity({ ...keys, name: 'Joan' }, 'Merge');

    expect(requests).toEqual(['GET', `PUT ${String(etag)}`]);
  });

  it('of only clear properties is left to the service', async () => {
    const keys = await admitted();
    const before = await stored(keys.rowKey);
    const requests = requestsOf(patients);

    const { attempts } = await patients.updateEntity({ ...keys, ward: 'x', name: undefined }, 'Merge');

    expect(requests).toEqual(['PATCH *']);
    expect(attempts).toBe(1);
    expect(await found(keys.rowKey)).toMatchObject({ name: 'Jane', born, ward: 'x', beds: 2 });
    expect((await stored(keys.rowKey))[ENCRYPTION_DATA_PROPERTY]).toBe(before[ENCRYPTION_DATA_PROPERTY]);
  });

  it('seals a null, and ignores undefined and nulls in clear properties', async () => {
    const keys = await admitted();

    await patients.updateEntity({ ...keys, name: null, born: undefined, ward: null, beds: 3 }, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ name: null, born, ward: 'w', beds: 3 });
    expect((await stored(keys.rowKey))['name']).toHaveLength(16);
  });

  it('keeps the exact types of unnamed clear columns', async () => {
    const clear: Record<string, Edm<'Double' | 'DateTime' | 'Guid' | 'Int64'> | boolean | string | number | Buffer> = {
      whole: { type: 'Double', value: 3 },
      large: { type: 'Double', value: 5_000_000_000 },
      none: { type: 'Double', value: 'NaN' as never },
      fine: { type: 'DateTime', value: '2026-02-03T04:05:06.7890123Z' },
      long: { type: 'Int64', value: '9007199254740993' },
      id: { type: 'Guid', value: 'a0000000-0000-0000-0000-00000000000b' },
      ...{ yes: true, no: false, text: '"x":1.0', part: 0.1, bytes: Buffer.from([0, 255]) },
    };
    const keys = await admitted(clear);
    /** As returned by the service, with their types. */
    const columns = async (): Promise<readonly (RegExpMatchArray | null)[]> => {
      let text = '';
      const onResponse = (response: { bodyAsText?: string | null }): void => void (text = response.bodyAsText ?? '');
      await patients.unencryptedClient.getEntity('p', keys.rowKey, { onResponse });
      return Object.keys(clear).map((name) =>
        text.match(new RegExp(`"${name}(@odata.type)?":("(\\\\.|[^"])*"|[^,}]*)`, 'g')),
      );
    };
    const before = await columns();

    await patients.updateEntity({ ...keys, name: 'Joan' }, 'Merge');

    expect(before.slice(0, 3)).toEqual([
      ['"whole":3.0'],
      ['"large":5000000000.0'],
      expect.arrayContaining(['"none@odata.type":"Edm.Double"', '"none":"NaN"']),
    ]);
    expect(before).not.toContain(null);
    expect(await columns()).toEqual(before);
  });

  it('keeps properties sealed that other classes sealed', async () => {
    const keys = await admitted();
    const names = tableOf(Name, tableName);

    await names.updateEntity({ ...keys, name: 'Joan', ward: 'x' }, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ name: 'Joan', born, visits: -0, ward: 'x' });
    expect((await stored(keys.rowKey))['born']).toBeInstanceOf(Uint8Array);
    expect((await stored(keys.rowKey))['visits']).toBeInstanceOf(Uint8Array);
  });

  it('is rejected before any request, with the name of a property that cannot be stored', async () => {
    const nowhere = tableOf(Patient, uniqueTableName('nowhere'));
    const keys = { partitionKey: 'p', rowKey: 'r' };

    for (const merge of [nowhere.updateEntity.bind(nowhere), nowhere.upsertEntity.bind(nowhere)]) {
      await expect(merge({ ...keys, name: [undefined] as never }, 'Merge')).rejects.toMatchObject({
        code: 'UNSUPPORTED_VALUE',
        propertyName: 'name',
      });
      await expect(merge({ ...keys, [SEALED_NAMES_PROPERTY]: 'x' } as never, 'Merge')).rejects.toMatchObject({
        code: 'INVALID_ENTITY',
      });
      await expect(merge({ ...keys, ward: 'x'.repeat(40_000) }, 'Merge')).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
      });
      await expect(merge({ ...keys, name: 'x' }, 'Merge', { mergeAttempts: 0 })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
      });
    }
  });

  it('writes nothing if the row does not open or does not exist', async () => {
    const keys = await admitted();
    await patients.unencryptedClient.updateEntity({ ...keys, born: Buffer.alloc(15) }, 'Merge');
    const before = await stored(keys.rowKey);

    await expect(patients.updateEntity({ ...keys, name: 'Joan' }, 'Merge')).rejects.toMatchObject({
      code: 'DECRYPTION_FAILED',
    });
    expect(await stored(keys.rowKey)).toEqual(before);
    for (const more of [{ name: 'x' }, { ward: 'x' }])
      await expect(
        patients.updateEntity({ partitionKey: 'p', rowKey: 'none', ...more }, 'Merge'),
      ).rejects.toMatchObject({ statusCode: 404 });
  });

  it('seals a plaintext row if plaintext is allowed', async () => {
    const keys = { partitionKey: 'p', rowKey: `r${++count}` };
    await patients.unencryptedClient.createEntity({ ...keys, name: 'Jane', ward: 'w' });

    await expect(patients.updateEntity({ ...keys, visits: 1 }, 'Merge')).rejects.toMatchObject({
      code: 'PLAINTEXT_NOT_ALLOWED',
    });
    const lax = tableOf(Patient, tableName, tablePolicy({ requireEncryption: false }));
    await lax.updateEntity({ ...keys, visits: 1 }, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ name: 'Jane', visits: 1, ward: 'w' });
    expect((await stored(keys.rowKey))['name']).toBeInstanceOf(Uint8Array);
  });
});

describe('an upsert that merges', () => {
  it('inserts a missing row, sealed, and merges an existing one', async () => {
    const keys = { partitionKey: 'p', rowKey: `r${++count}` };

    await patients.upsertEntity({ ...keys, ward: 'w' }, 'Merge');
    await patients.upsertEntity({ ...keys, name: 'Jane' }, 'Merge');
    await patients.upsertEntity({ ...keys, beds: 2 }, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ name: 'Jane', ward: 'w', beds: 2 });
  });

  it('does not retry if the table does not exist', async () => {
    const nowhere = tableOf(Patient, uniqueTableName('nowhere'));
    const requests = requestsOf(nowhere);

    for (const more of [{ name: 'x' }, { ward: 'x' }])
      await expect(nowhere.upsertEntity({ partitionKey: 'p', rowKey: 'r', ...more }, 'Merge')).rejects.toMatchObject({
        statusCode: 404,
      });
    expect(requests.length).toBeLessThanOrEqual(4);
  });
});

describe('a condition', () => {
  it('decides again what to seal when a merge changes the values it reads', async () => {
    const keys = { partitionKey: 'g', rowKey: `g${++count}` };
    const room = async (): Promise<unknown> => (await guests.unencryptedClient.getEntity('g', keys.rowKey))['room'];
    await guests.createEntity({ ...keys, name: 'Jane', room: '12' });
    expect(await room()).toBe('12');

    await guests.updateEntity({ ...keys, discretion: true }, 'Merge');
    expect(await room()).toBeInstanceOf(Uint8Array);
    expect(await guests.getEntity('g', keys.rowKey)).toMatchObject({ name: 'Jane', room: '12', discretion: true });

    await guests.updateEntity({ ...keys, discretion: false }, 'Merge');
    expect(await room()).toBe('12');

    await guests.updateEntity({ ...keys, room: null }, 'Merge');
    expect(await room()).toBeUndefined();
    expect(await guests.getEntity('g', keys.rowKey)).toMatchObject({ name: 'Jane', discretion: false });
  });

  it('does not seal a time whose digits after the milliseconds would be lost', async () => {
    const keys = { partitionKey: 'g', rowKey: `g${++count}` };
    const arrived = { type: 'DateTime', value: '2026-01-02T03:04:05.1234567Z' };
    await guests.createEntity({ ...keys, name: 'Jane', arrived: arrived as never });

    const sealed = guests.updateEntity({ ...keys, discretion: true }, 'Merge');

    await expect(sealed).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE', propertyName: 'arrived' });
    const row = await guests.unencryptedClient.getEntity('g', keys.rowKey, { disableTypeConversion: true });
    expect(row['arrived']).toEqual(arrived);
    await guests.updateEntity({ ...keys, discretion: true, arrived: new Date(arrived.value) }, 'Merge');
    expect(await guests.getEntity('g', keys.rowKey)).toMatchObject({ arrived: new Date(arrived.value) });
  });
});

describe('concurrent writers', () => {
  it('lose none of their merges, whatever they change', async () => {
    const keys = { partitionKey: 'p', rowKey: `r${++count}` };
    const writers = ['name', 'visits', 'ward', 'beds', 'born', 'a', 'b', 'c'];
    const valueOf = (name: string, round: number): unknown =>
      ({ visits: round, beds: round, born: new Date(round) })[name] ?? `${name} ${round}`;
    const write = async (name: string): Promise<number> => {
      const own = tableOf(Patient, tableName);
      let most = 0;
      for (let round = 0; round < 4; round++) {
        const change = { ...keys, [name]: valueOf(name, round) };
        const { attempts } = await own.upsertEntity(change, 'Merge', { mergeAttempts: 100 });
        most = Math.max(most, attempts);
      }
      return most;
    };

    const attempts = await Promise.all(writers.map(write));

    expect(await found(keys.rowKey)).toMatchObject(Object.fromEntries(writers.map((name) => [name, valueOf(name, 3)])));
    expect(Math.max(...attempts)).toBeGreaterThan(1);
  });

  it('make a merge fail with 412 after the maximum attempts', async () => {
    const keys = await admitted();
    const disturbed = tableOf(Patient, tableName);
    const requests = requestsOf(disturbed, async (method) => {
      if (method === 'PUT') await patients.unencryptedClient.updateEntity({ ...keys, beds: 9 }, 'Merge');
    });

    await expect(disturbed.updateEntity({ ...keys, name: 'Joan' }, 'Merge', { mergeAttempts: 3 })).rejects.toEqual(
      conflict,
    );
    expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(3);
  });

  it('make a merge fail if the caller names an ETag', async () => {
    const keys = await admitted();
    const { etag } = await patients.getEntity('p', keys.rowKey);
    await patients.updateEntity({ ...keys, name: 'Joan' }, 'Merge', { etag });

    for (const change of [{ name: 'Jill' }, { ward: 'x' }])
      await expect(patients.updateEntity({ ...keys, ...change }, 'Merge', { etag })).rejects.toEqual(conflict);
    expect(await found(keys.rowKey)).toMatchObject({ name: 'Joan', ward: 'w' });
  });
});
