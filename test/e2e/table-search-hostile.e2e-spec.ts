/** Searches of a table under hostile writers or services, and with values and writes designed to break them. */
import { Encrypt, EncryptedEntity, HmacSearchKey, runMaintenance, Searchable } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, withBody, withHeader } from '../support/answers-proxy.js';
import { uniqueTableName } from '../support/azurite.js';
import { entriesIn, lookedUp, type LookedUp, member } from '../support/lookups.js';
import { found, keysOf, Patient, patient, policy, tagsOf } from '../support/patients.js';
import { tableOf, tablePolicy } from '../support/tables.js';

const duplicate = expect.objectContaining({ code: 'DUPLICATE_VALUE' }) as Error;

let proxy: AnswersProxy;
beforeAll(async () => {
  proxy = await AnswersProxy.start('Table');
});
afterEach(() => {
  proxy.clear();
});
afterAll(() => proxy.close());

async function table(): Promise<LookedUp & { readonly name: string }> {
  const name = uniqueTableName('members');
  const made = lookedUp(name, { through: proxy.connectionString });
  await made.members.createTable();
  return { ...made, name };
}

describe('a service that returns rows that were not requested', () => {
  it('never makes a search return a row that does not have the value', async () => {
    const { members, name } = await table();
    await members.createEntity(member('1', { name: 'Ann', visits: 1 }));
    await members.createEntity(member('2', { name: 'Bea', visits: 1 }));
    let rows = '';
    proxy.spoil = withBody((body) => (rows = body));
    expect(await found(members, {})).toHaveLength(2);
    proxy.spoil = (exchange) => (exchange.request.url ?? '').includes(`/${name}()`) && withBody(() => rows)(exchange);

    const ann = members.where('name', 'eq', 'ann');
    expect(await keysOf(members, { where: ann })).toEqual(['1']);
    expect(await keysOf(members, { where: ann.and('partitionKey', 'eq', 'north') })).toEqual(['1']);
    expect(await keysOf(members, { where: ann.or('email', 'eq', 'none') })).toEqual(['1']);
    expect(await keysOf(members, { where: members.where('email', 'eq', '2@example.org') })).toEqual(['2']);
  });
});

describe('somebody who removes the tags of a row', () => {
  it('hides it from searches, but not from a census, and reads of it fail', async () => {
    const name = uniqueTableName('hidden');
    const patients = tableOf(Patient, name, policy());
    await patients.createTable();
    await patients.createEntity(patient('1'));
    const row = await patients.unencryptedClient.getEntity('north', '1', { disableTypeConversion: true });
    const { azcse_t_ssn: _removed, ...rest } = row;
    await patients.unencryptedClient.updateEntity({ ...rest, partitionKey: 'north', rowKey: '1' }, 'Replace');

    const where = patients.where('partitionKey', 'eq', 'north').and('ssn', 'eq', 'ssn 1');
    expect(await keysOf(patients, { where })).toEqual([]);
    await expect(patients.getEntity('north', '1')).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
    const census = { do: 'census', tags: true } as const;
    const report = await runMaintenance({ name: 'look', task: census, sources: [patients.forMaintenance()] });
    expect(report).toMatchObject({ outcomes: { damaged: 1 }, failures: [{ code: 'DECRYPTION_FAILED' }] });
  });
});

describe('a unique value', () => {
  const sweep = ({ members }: LookedUp) =>
    runMaintenance({
      ...{ name: 'sweep', task: { do: 'reindex' } },
      sources: [members.forMaintenance(), members.lookupsForMaintenance()],
    });

  it('whose entry somebody points to another row is rejected until reindex restores it an hour later', async () => {
    const made = await table();
    const { members, entries } = made;
    await members.createEntity(member('1'));
    const entry = (await entries.listEntities({ queryOptions: { filter: "RowKey eq 'unique'" } }).next()).value!;
    const keys = { partitionKey: entry.partitionKey!, rowKey: entry.rowKey! };
    await entries.updateEntity({ ...keys, pk: 'north', rk: 'nobody' }, 'Replace');

    const where = members.where('email', 'eq', '1@example.org');
    expect(await keysOf(members, { where })).toEqual([]);
    await expect(members.createEntity(member('2', { email: '1@example.org' }))).rejects.toThrow(duplicate);
    await members.updateEntity(member('1', { visits: 2 }));
    expect((await sweep(made)).failures).toMatchObject([{ code: 'DUPLICATE_VALUE' }]);

    const ofAnHourLater = withHeader('date', new Date(Date.now() + 3_700_000).toUTCString());
    proxy.spoil = (exchange) => exchange.request.method === 'GET' && ofAnHourLater(exchange);
    await sweep(made);
    const report = await sweep(made);

    expect(report.failures).toEqual([]);
    expect(await keysOf(members, { where })).toEqual(['1']);
    expect(await entriesIn(entries)).toEqual(['email 1', 'name 1']);
  });

  it('does not move between rows in one transaction, which then writes nothing', async () => {
    const { members, entries } = await table();
    await members.createEntity(member('1'));
    const moved = member('2', { email: '1@example.org' });

    const moving = members.submitTransaction([
      ['delete', { partitionKey: 'north', rowKey: '1' }],
      ['create', moved],
    ]);

    await expect(moving).rejects.toThrow(duplicate);
    expect((await found(members, {})).map(({ rowKey }) => rowKey)).toEqual(['1']);
    expect(await entriesIn(entries)).toEqual(['email 1', 'name 1']);
    await members.deleteEntity('north', '1');
    await members.createEntity(moved);
  });

  it('of a row that was deleted without being read is available again', async () => {
    const { members, entries } = await table();
    await members.createEntity(member('1'));
    await members.submitTransaction([['delete', { partitionKey: 'north', rowKey: '1' }]]);
    await expect(members.deleteEntity('north', '1')).rejects.toMatchObject({ statusCode: 404 });

    await members.upsertEntity(member('2', { email: '1@example.org' }), 'Merge');

    expect(await entriesIn(entries)).toEqual(['email 2', 'name 2']);
  });
});

const LONG_NAME = 'p'.repeat(247);

@EncryptedEntity({ table: 'values' })
class Valued {
  [Searchable]?: 'text';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: { lookup: true } }) text!: string;
}
(Encrypt({ searchable: { lookup: true } }) as PropertyDecorator)(Valued.prototype, LONG_NAME);

const TEXTS: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a blank', ' '],
  ['text that looks like another type', 'null'],
  ['a quotation mark', `' or true or '`],
  ['a NUL', '\u0000'],
  ['a composed letter', '\u00e9'],
  ['a decomposed letter', 'e\u0301'],
  ['a surrogate pair', '\u{1f600}'],
  ['the replacement character', '\ufffd'],
  ['65,535 bytes', 'x'.repeat(65_535)],
  ['65,535 other bytes', `${'x'.repeat(65_534)}y`],
];

describe('a search for a value', () => {
  const made = tableOf(
    Valued,
    uniqueTableName('values'),
    tablePolicy({ searchKeys: { write: HmacSearchKey.generate() } }),
  );
  const inPartition = (text: string) => made.where('partitionKey', 'eq', 'p').and('text', 'eq', text);

  beforeAll(async () => {
    await made.createTable();
    for (const [rowKey, text] of TEXTS) await made.createEntity({ partitionKey: 'p', rowKey, text });
  });

  it.each(TEXTS)('finds only the row with %s', async (rowKey, text) => {
    expect(await keysOf(made, { where: inPartition(text) })).toEqual([rowKey]);
  });

  it('rejects a lone surrogate in the value and in the partition', async () => {
    const half = { partitionKey: 'p\ud800', rowKey: '1', text: 'x' };
    await expect(made.createEntity({ ...half, partitionKey: 'p', text: '\ud800' })).rejects.toMatchObject({
      code: 'UNSUPPORTED_VALUE',
    });
    await expect(made.createEntity(half)).rejects.toMatchObject({ code: 'INVALID_ENTITY' });
    expect(() => inPartition('\ud800')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
    await expect(made.searchTag('text', 'x', { partitionKey: 'p\ud800' })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
  });

  it('works for a property with the longest name', async () => {
    const entity = { partitionKey: 'long', rowKey: '1', text: 'x', [LONG_NAME]: 'value' };
    await made.createEntity(entity);

    const where = made.where('partitionKey', 'eq', 'long').and(LONG_NAME as 'text', 'eq', 'value');
    expect(await keysOf(made, { where })).toEqual(['1']);
  });
});

describe('a property that is sealed under a condition', () => {
  it('is found as its row changes between sealed and clear', async () => {
    const patients = tableOf(Patient, uniqueTableName('switched'), policy());
    await patients.createTable();
    await patients.createEntity(patient('1', { room: '17' }));
    const where = patients.where('partitionKey', 'eq', 'north').and('room', 'eq', '17');
    const keys = { partitionKey: 'north', rowKey: '1' };
    const hasTag = async () => Object.hasOwn(await tagsOf(patients, '1'), 'azcse_t_room');

    expect([await hasTag(), await keysOf(patients, { where })]).toEqual([true, ['1']]);
    await patients.updateEntity(patient('1', { room: '17', ward: 'open' }));
    expect([await hasTag(), await keysOf(patients, { where })]).toEqual([false, ['1']]);
    await patients.updateEntity({ ...keys, room: '18' }, 'Merge');
    expect(await keysOf(patients, { where })).toEqual([]);
    await patients.updateEntity({ ...keys, room: '17', ward: 'private' }, 'Merge');
    expect([await hasTag(), await keysOf(patients, { where })]).toEqual([true, ['1']]);
  });
});
