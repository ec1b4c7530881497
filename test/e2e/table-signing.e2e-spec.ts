import { Encrypt, EncryptedEntity, type EncryptedTableClient, Sign } from 'nestjs-azure-encrypted-storage';
import type { Edm } from '@azure/data-tables';
import { ENCRYPTION_DATA_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { requestsOf, tableOf, tablePolicy, withoutEntries } from '../support/tables.js';

@EncryptedEntity<Invoice>({ table: 'invoices', clear: ['note'] })
class Invoice {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() iban?: string;
  @Sign() status?: string | null;
  @Sign() cents?: number;
  note?: string;
}
/** Seals nothing. */
@EncryptedEntity<Flag>({ table: 'flags' })
class Flag {
  partitionKey!: string;
  rowKey!: string;
  @Sign() enabled!: boolean;
}
@EncryptedEntity<AllTypes>({ table: 'alltypes' })
class AllTypes {
  partitionKey!: string;
  rowKey!: string;
  @Sign() text!: string;
  @Sign() whole!: number;
  @Sign() large!: number;
  @Sign() part!: number;
  @Sign() minusZero!: number;
  @Sign() double!: Edm<'Double'>;
  @Sign() long!: bigint;
  @Sign() yes!: boolean;
  @Sign() time!: Date;
  @Sign() fine!: Edm<'DateTime'>;
  @Sign() id!: Edm<'Guid'>;
  @Sign() bytes!: Uint8Array;
}

type Stored = Record<string, unknown>;
const tableName = uniqueTableName('signing');
const required = tablePolicy({ integrity: 'require' });
const refused = { code: 'DECRYPTION_FAILED' };
let invoices: EncryptedTableClient<Invoice>;
let count = 0;

const stored = (rowKey: string): Promise<Stored> => invoices.unencryptedClient.getEntity<Stored>('p', rowKey);
const found = (rowKey: string, select?: string[]) =>
  tableOf(Invoice, tableName, required).getEntity(
    'p',
    rowKey,
    select === undefined ? {} : { queryOptions: { select } },
  );
const newKeys = () => ({ partitionKey: 'p', rowKey: `r${++count}` });
async function issued(more: Partial<Invoice> = {}): Promise<{ partitionKey: string; rowKey: string }> {
  const keys = newKeys();
  await invoices.createEntity({ ...keys, iban: 'DE00', status: 'open', cents: 12, note: 'free', ...more });
  return keys;
}
/** Changes a row as somebody with write access to the account can. */
const attack = (keys: object, change: object) =>
  invoices.unencryptedClient.updateEntity({ ...keys, ...change } as never, 'Merge');

beforeAll(async () => {
  invoices = tableOf(Invoice, tableName);
  await invoices.createTable();
});

describe('integrity entries', () => {
  const whole = (keys: { partitionKey: string; rowKey: string }) => ({
    ...keys,
    iban: 'DE01',
    status: 'paid',
    cents: 0,
  });
  const writes: readonly (readonly [string, (entity: ReturnType<typeof whole>) => Promise<unknown>])[] = [
    ['an insert', (entity) => invoices.createEntity(entity)],
    ['an upsert', (entity) => invoices.upsertEntity(entity)],
    ['a merging upsert of a new row', (entity) => invoices.upsertEntity(entity, 'Merge')],
    ['a transaction', (entity) => invoices.submitTransaction([['create', entity]])],
    ['an upsert in a transaction', (entity) => invoices.submitTransaction([['upsert', entity, 'Merge']])],
  ];

  it.each(writes)('are written by %s', async (_what, write) => {
    const entity = whole(newKeys());
    await write(entity);

    expect(await found(entity.rowKey)).toMatchObject(entity);
  });

  const changes: typeof writes = [
    ['an update', (entity) => invoices.updateEntity(entity)],
    ['a merge', (entity) => invoices.updateEntity(entity, 'Merge')],
    ['a merging upsert', (entity) => invoices.upsertEntity(entity, 'Merge')],
    ['an update in a transaction', (entity) => invoices.submitTransaction([['update', entity]])],
    ['a merge in a transaction', (entity) => invoices.submitTransaction([['update', entity, 'Merge']])],
  ];

  it.each(changes)('are written again, under a new content key, by %s', async (_what, write) => {
    const keys = await issued();
    const before = await stored(keys.rowKey);
    await write(whole(keys));

    expect(await found(keys.rowKey)).toMatchObject(whole(keys));
    const keyIn = (row: Stored) => /"EncryptedKey":"[^"]*"/.exec(String(row[ENCRYPTION_DATA_PROPERTY]))?.[0];
    expect(keyIn(await stored(keys.rowKey))).not.toBe(keyIn(before));
  });

  it('cover every type as the service returns it, with and without type conversion', async () => {
    const rows = tableOf(AllTypes, uniqueTableName('types'), required);
    await rows.createTable();
    const values: AllTypes = {
      ...{ partitionKey: 'Grüße', rowKey: '漢字' },
      ...{ text: 'ünïcode 🔑 "\\', whole: 17, large: 5e15, part: -0.1, minusZero: -0, yes: false },
      double: { type: 'Double', value: 3 },
      long: -(2n ** 63n),
      time: new Date('1969-12-31T23:59:59.999Z'),
      fine: { type: 'DateTime', value: '2026-02-03T04:05:06.7890123Z' },
      id: { type: 'Guid', value: 'A0000000-0000-0000-0000-00000000000b' },
      bytes: Buffer.from([0, 255]),
    };
    await rows.createEntity(values);

    const read = await rows.getEntity('Grüße', '漢字');
    expect(read).toMatchObject({ text: values.text, part: -0.1, long: values.long, time: values.time });
    const typed = await rows.getEntity('Grüße', '漢字', { disableTypeConversion: true });
    await rows.updateEntity(typed);
    await rows.updateEntity({ partitionKey: 'Grüße', rowKey: '漢字', text: 'new' }, 'Merge');
    expect(await rows.getEntity('Grüße', '漢字')).toMatchObject({ text: 'new', yes: false });
    expect((await rows.listEntities().next()).value).toMatchObject({ text: 'new' });
  });

  it('protect a class that seals nothing', async () => {
    const flags = tableOf(Flag, tableName, required);
    const keys = { partitionKey: 'flags', rowKey: '1' };
    await flags.createEntity({ ...keys, enabled: true });
    expect((await flags.getEntity('flags', '1')).enabled).toBe(true);

    await flags.unencryptedClient.updateEntity({ ...keys, enabled: false }, 'Merge');
    await expect(flags.getEntity('flags', '1')).rejects.toMatchObject(refused);
    await flags.unencryptedClient.updateEntity({ ...keys, enabled: false }, 'Replace');
    await expect(flags.getEntity('flags', '1')).rejects.toMatchObject({ code: 'PLAINTEXT_NOT_ALLOWED' });
  });

  it('are missing in rows of other SDKs, which "verify" reads and "require" rejects', async () => {
    const keys = await issued();
    await tableOf(Invoice, tableName, withoutEntries()).updateEntity({ ...keys, iban: 'DE02', status: 'x' });

    expect(await invoices.getEntity('p', keys.rowKey)).toMatchObject({ iban: 'DE02', status: 'x' });
    await expect(found(keys.rowKey)).rejects.toMatchObject({ code: 'INTEGRITY_MISSING' });
    await invoices.updateEntity({ ...keys, iban: 'DE03' }, 'Merge');
    expect(await found(keys.rowKey)).toMatchObject({ iban: 'DE03', status: 'x' });
  });

  it('cannot be stripped', async () => {
    const keys = await issued();
    const text = String((await stored(keys.rowKey))[ENCRYPTION_DATA_PROPERTY]);
    await attack(keys, { [ENCRYPTION_DATA_PROPERTY]: text.replace(/,"AzCse(Bind|Mac)":"[^"]*"/g, '') });

    await expect(invoices.getEntity('p', keys.rowKey)).rejects.toMatchObject({ code: 'INTEGRITY_MISSING' });
  });
});

describe('a value that cannot be signed', () => {
  const keys = { partitionKey: 'p', rowKey: 'never' };
  const calls: readonly (readonly [
    string,
    (client: EncryptedTableClient<Invoice>, bad: Invoice) => Promise<unknown>,
  ])[] = [
    ['an insert', (client, bad) => client.createEntity(bad)],
    ['an update', (client, bad) => client.updateEntity(bad)],
    ['a merge', (client, bad) => client.updateEntity(bad, 'Merge')],
    ['a merging upsert', (client, bad) => client.upsertEntity(bad, 'Merge')],
    ['a transaction', (client, bad) => client.submitTransaction([['upsert', bad, 'Merge']])],
  ];

  it.each(calls)('is rejected with the name of its property, before any request, in %s', async (_what, call) => {
    const client = tableOf(Invoice, tableName);
    const requests = requestsOf(client);

    await expect(call(client, { ...keys, cents: NaN })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VALUE',
      propertyName: 'cents',
    });
    expect(requests).toEqual([]);
  });
});

describe('a merge', () => {
  it('of unsigned clear properties is left to the service, and keeps signed properties', async () => {
    const keys = await issued();
    const client = tableOf(Invoice, tableName);
    const requests = requestsOf(client);

    await client.updateEntity({ ...keys, note: 'changed', status: undefined }, 'Merge');
    await client.updateEntity({ ...keys, note: 'again', status: null }, 'Merge');

    expect(requests).toEqual(['PATCH *', 'PATCH *']);
    expect(await found(keys.rowKey)).toMatchObject({ status: 'open', note: 'again' });
  });

  it('of a signed property reads the row and replaces that version of it', async () => {
    const keys = await issued();
    const { etag } = await stored(keys.rowKey);
    const client = tableOf(Invoice, tableName);
    const requests = requestsOf(client);

    await client.updateEntity({ ...keys, status: 'paid' }, 'Merge');

    expect(requests).toEqual(['GET', `PUT ${String(etag)}`]);
    expect(await found(keys.rowKey)).toMatchObject({ iban: 'DE00', status: 'paid', cents: 12, note: 'free' });
  });

  it('keeps properties signed that only another class signs', async () => {
    @EncryptedEntity<Sealing>({ table: 'sealing', clear: '*' })
    class Sealing {
      partitionKey!: string;
      rowKey!: string;
      @Encrypt() iban?: string;
    }
    const keys = await issued();
    await tableOf(Sealing, tableName).updateEntity({ ...keys, iban: 'DE09', cents: 13 } as never, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ iban: 'DE09', status: 'open', cents: 13 });
    await attack(keys, { status: 'paid' });
    await expect(found(keys.rowKey)).rejects.toMatchObject(refused);
  });

  it.each<readonly [string, object]>([
    ['a signed property', { status: 'paid' }],
    ['a sealed property', { iban: Buffer.alloc(16) }],
  ])('writes nothing over a row in which somebody changed %s', async (_what, change) => {
    const keys = await issued();
    await attack(keys, change);
    const before = await stored(keys.rowKey);

    for (const patch of [{ cents: 1 }, { status: 'late' }, { iban: 'DE05' }])
      await expect(invoices.updateEntity({ ...keys, ...patch }, 'Merge')).rejects.toMatchObject(refused);
    await expect(invoices.submitTransaction([['upsert', { ...keys, status: 'late' }, 'Merge']])).rejects.toMatchObject(
      refused,
    );
    expect(await stored(keys.rowKey)).toEqual(before);
  });

  it('is repeated if the row is replaced meanwhile, and loses neither change', async () => {
    const keys = await issued();
    let isFirst = true;
    const slow = tableOf(Invoice, tableName);
    const requests = requestsOf(slow, async (method) => {
      if (method !== 'PUT' || !isFirst) return;
      isFirst = false;
      await invoices.updateEntity({ ...keys, iban: 'DE07', status: 'open', cents: 99 });
    });

    await slow.updateEntity({ ...keys, status: 'paid' }, 'Merge');

    expect(requests.map((request) => request.split(' ')[0])).toEqual(['GET', 'PUT', 'GET', 'PUT']);
    expect(await found(keys.rowKey)).toMatchObject({ iban: 'DE07', status: 'paid', cents: 99 });
  });

  it('rejects a signed property that somebody added', async () => {
    const keys = await issued({ cents: undefined });
    await attack(keys, { cents: 1 });

    await expect(invoices.updateEntity({ ...keys, iban: 'x' }, 'Merge')).rejects.toMatchObject({
      code: 'INTEGRITY_MISSING',
    });
    await expect(found(keys.rowKey)).rejects.toMatchObject({ code: 'INTEGRITY_MISSING' });
  });

  it('keeps a property sealed that the class now only signs, and the row can be read', async () => {
    @EncryptedEntity<Sealed>({ table: 'sealed' })
    class Sealed {
      partitionKey!: string;
      rowKey!: string;
      @Encrypt() status?: string;
    }
    const keys = newKeys();
    await tableOf(Sealed, tableName).createEntity({ ...keys, status: 'open' });
    await invoices.updateEntity({ ...keys, status: 'paid' }, 'Merge');

    expect(await found(keys.rowKey)).toMatchObject({ status: 'paid' });
    expect((await stored(keys.rowKey)).status).toBeInstanceOf(Uint8Array);
  });

  it('rejects a key that UTF-8 cannot represent, before any request', async () => {
    const entity = { partitionKey: 'p', rowKey: 'a\ud800', status: 'open' };
    await expect(invoices.createEntity(entity)).rejects.toMatchObject({ code: 'INVALID_ENTITY' });
  });

  it('can stop signing a property by replacing every row, without losing rows meanwhile', async () => {
    @EncryptedEntity<Less>({ table: 'less', clear: ['status', 'note'] })
    class Less {
      partitionKey!: string;
      rowKey!: string;
      @Encrypt() iban?: string;
      @Sign() cents?: number;
      status?: string;
      note?: string;
    }
    const keys = await issued();
    const migrating = tableOf(Less, tableName, tablePolicy({ requireEncryption: false }));
    await migrating.updateEntity({ ...keys, status: 'late' }, 'Merge');
    expect(await found(keys.rowKey)).toMatchObject({ status: 'late' });

    await migrating.updateEntity(await migrating.getEntity('p', keys.rowKey));
    const less = tableOf(Less, tableName, required);
    await less.updateEntity({ ...keys, status: 'free' }, 'Merge');

    expect(await less.getEntity('p', keys.rowKey)).toMatchObject({ iban: 'DE00', status: 'free', cents: 12 });
  });

  it('can sign another property of existing rows if encryption is not required, for a migration', async () => {
    @EncryptedEntity<More>({ table: 'more' })
    class More extends Invoice {
      @Sign() declare note?: string;
    }
    const keys = await issued();
    await expect(tableOf(More, tableName).getEntity('p', keys.rowKey)).rejects.toMatchObject({
      code: 'INTEGRITY_MISSING',
    });
    const migrating = tableOf(More, tableName, tablePolicy({ requireEncryption: false }));
    await migrating.updateEntity({ ...keys }, 'Merge');

    expect(await tableOf(More, tableName, required).getEntity('p', keys.rowKey)).toMatchObject({ note: 'free' });
    await attack(keys, { note: 'changed' });
    await expect(migrating.getEntity('p', keys.rowKey)).rejects.toMatchObject(refused);
  });
});
