/**
 * Writes of rows with entries in a lookup table that fail between their requests. A search always finds every row by
 * its current value, and no other; reindex removes leftover entries.
 */
import type { PipelineRequest } from '@azure/core-rest-pipeline';
import type { TableClient } from '@azure/data-tables';
import { Encrypt, EncryptedEntity, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, withHeader } from '../support/answers-proxy.js';
import { uniqueTableName } from '../support/azurite.js';
import { entriesIn, lookedUp, type LookedUp, member, newer } from '../support/lookups.js';
import { keysOf } from '../support/patients.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity<Vendor>({ table: 'members', clear: [] })
class Vendor {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ searchable: { lookup: 'unique', scope: 'table' } }) vat!: string;
}

let proxy: AnswersProxy;
beforeAll(async () => {
  proxy = await AnswersProxy.start('Table');
});
afterEach(() => {
  proxy.clear();
});
afterAll(() => proxy.close());

const keys = { partitionKey: 'north', rowKey: '1' };

async function table(): Promise<LookedUp> {
  const name = uniqueTableName('members');
  const made = lookedUp(name, { through: proxy.connectionString });
  await made.members.createTable();
  return made;
}

const byName = ({ members }: LookedUp, ...names: readonly string[]) =>
  keysOf(members, { where: members.where('name', 'in', names) });

/** Ends a call at the first write of a row, as if the process ended: no later request is sent. */
function endAtWrite(
  { unencryptedClient }: { readonly unencryptedClient: TableClient },
  when: 'before' | 'after',
): () => void {
  let isOn = true;
  unencryptedClient.pipeline.addPolicy({
    name: `end ${when}`,
    sendRequest: async (request: PipelineRequest, next) => {
      if (!isOn || request.method === 'GET') return next(request);
      if (when === 'after') await next(request);
      throw new Error('the process ends');
    },
  });
  return () => {
    isOn = false;
  };
}

/** Loses the first response to a completed write of a row. */
function loseAnswer(table: string, method: string): void {
  let isLost = false;
  proxy.spoil = ({ request, answer }) => {
    if (isLost || request.method !== method || !new RegExp(`/${table}(\\(|\\?|$)`).test(request.url ?? ''))
      return false;
    isLost = true;
    answer.resume();
    request.socket.destroy();
    return true;
  };
}

const writes = {
  createEntity: ({ members }: LookedUp) => members.createEntity(member('1', { name: 'New', email: 'new' })),
  'createEntity in a transaction': ({ members }: LookedUp) =>
    members.submitTransaction([['create', member('1', { name: 'New', email: 'new' })]]),
  'updateEntity Replace': ({ members }: LookedUp) => members.updateEntity(member('1', { name: 'New', email: 'new' })),
  'updateEntity Merge': ({ members }: LookedUp) =>
    members.updateEntity({ ...keys, name: 'New', email: 'new' }, 'Merge'),
  upsertEntity: ({ members }: LookedUp) => members.upsertEntity(member('1', { name: 'New', email: 'new' })),
  deleteEntity: ({ members }: LookedUp) => members.deleteEntity('north', '1'),
} as const;
const names = Object.keys(writes) as (keyof typeof writes)[];
const isInsert = (name: keyof typeof writes): boolean => name.startsWith('create');

describe.each(names)('%s', (name) => {
  const begin = async (): Promise<LookedUp> => {
    const made = await table();
    if (!isInsert(name)) await made.members.createEntity(member('1', { name: 'Old', email: 'old' }));
    return made;
  };

  it('that ends before writing the row leaves the old row findable, and can be repeated', async () => {
    const made = await begin();
    const goOn = endAtWrite(made.members, 'before');

    await expect(writes[name](made)).rejects.toThrow('the process ends');
    goOn();

    expect(await byName(made, 'Old')).toEqual(isInsert(name) ? [] : ['1']);
    expect(await byName(made, 'New')).toEqual([]);
    await writes[name](made);
    const isDeleted = name === 'deleteEntity';
    expect(await byName(made, 'Old', 'New')).toEqual(isDeleted ? [] : ['1']);
    expect(await entriesIn(made.entries)).toEqual(isDeleted ? [] : ['email 1', 'name 1']);
  });

  it('that ends after writing the row leaves the new row findable', async () => {
    const made = await begin();
    const goOn = endAtWrite(made.members, 'after');

    await expect(writes[name](made)).rejects.toThrow('the process ends');
    goOn();

    expect(await byName(made, 'Old')).toEqual([]);
    expect(await byName(made, 'New')).toEqual(name === 'deleteEntity' ? [] : ['1']);
  });

  it('whose response is lost leaves the new row findable', async () => {
    const made = await begin();
    const [method, path] = name.endsWith('transaction')
      ? ['POST', '.batch']
      : [isInsert(name) ? 'POST' : name === 'deleteEntity' ? 'DELETE' : 'PUT', made.members.tableName];
    loseAnswer(path.replace('.', '\\$'), method);

    const [outcome] = await Promise.allSettled([writes[name](made)]);
    proxy.clear();

    // the SDK sends it again: an insert finds its own row, a deletion finds none, a replacement starts over
    expect(outcome.status === 'rejected').toBe(isInsert(name) || name === 'deleteEntity');
    expect(await byName(made, 'Old')).toEqual([]);
    expect(await byName(made, 'New')).toEqual(name === 'deleteEntity' ? [] : ['1']);
    if (name === 'deleteEntity') expect(await entriesIn(made.entries)).toEqual([]);
  });
});

it('removes its entries if the service rejects the row, unless the row has the value', async () => {
  const made = await table();
  const { members, entries } = made;
  await members.createEntity(member('1'));
  const before = await entriesIn(entries);

  await expect(members.createEntity(member('1', { name: 'Other', email: 'other' }))).rejects.toMatchObject({
    statusCode: 409,
  });
  await expect(members.createEntity(member('1'))).rejects.toMatchObject({ statusCode: 409 });
  await expect(members.updateEntity(member('2'))).rejects.toMatchObject({ statusCode: 404 });
  await expect(
    members.updateEntity(member('1', { name: 'Other' }), 'Replace', { etag: 'W/"datetime\'2026-01-01\'"' }),
  ).rejects.toMatchObject({ statusCode: 412 });

  expect(await entriesIn(entries)).toEqual(before);
  expect(await byName(made, 'Name 1')).toEqual(['1']);
});

it('writes the row even if an old entry cannot be removed, and reports that entry for reindex', async () => {
  const made = await table();
  const { members, entries, faults } = made;
  await members.createEntity(member('1', { name: 'Old' }));
  proxy.spoil = ({ request, response, answer }) => {
    if (request.method !== 'DELETE') return false;
    answer.resume();
    response.writeHead(403).end();
    return true;
  };
  const held = (await entries.listEntities({ queryOptions: { filter: "RowKey ne 'unique'" } }).next()).value!;
  await members.updateEntity({ ...keys, name: 'New' }, 'Merge');
  proxy.clear();
  expect(faults).toEqual([expect.objectContaining({ rowKey: '1', propertyName: 'name', fault: 'leftover' })]);
  await entries.upsertEntity({ ...held, partitionKey: held.partitionKey!, rowKey: held.rowKey! }, 'Replace');
  const sources = () => ({ sources: [members.forMaintenance(), members.lookupsForMaintenance()] });

  expect(await byName(made, 'Old')).toEqual([]);
  expect(await byName(made, 'New')).toEqual(['1']);
  const young = await runMaintenance({ name: 'sweep', task: { do: 'reindex' }, ...sources() });
  expect(young.census.tags).toMatchObject({ leftover: 1, unlisted: 0 });
  expect(await entriesIn(entries)).toEqual(['email 1', 'name 1', 'name 1']);

  const later = new Date(Date.now() + 3_700_000).toUTCString();
  const ofAnHourLater = withHeader('date', later);
  proxy.spoil = (exchange) => exchange.request.method === 'GET' && ofAnHourLater(exchange);
  const old = await runMaintenance({ name: 'sweep', task: { do: 'reindex' }, ...sources() });
  expect(old.census.tags).toMatchObject({ leftover: 0, unlisted: 0 });
  expect(await entriesIn(entries)).toEqual(['email 1', 'name 1']);
});

it('keeps the entries of other classes in the table, and thus their unique values', async () => {
  const name = uniqueTableName('people');
  const { members, entries } = lookedUp(name, { through: proxy.connectionString });
  const vendors = tableOf(Vendor, name, tablePolicy({ searchKeys: { write: newer } }));
  await members.createTable();
  await members.createEntity(member('1'));
  await vendors.createEntity({ partitionKey: 'north', rowKey: '2', vat: '17' });
  const ofAnHourLater = withHeader('date', new Date(Date.now() + 3_700_000).toUTCString());
  proxy.spoil = (exchange) => exchange.request.method === 'GET' && ofAnHourLater(exchange);

  const report = await runMaintenance({
    ...{ name: 'sweep', task: { do: 'reindex' } },
    sources: [members.forMaintenance(), members.lookupsForMaintenance()],
  });

  expect(report).toMatchObject({ outcomes: { same: 5 }, census: { tags: { leftover: 0 } } });
  expect(await entriesIn(entries)).toEqual(['email 1', 'name 1', 'vat 2']);
  const second = vendors.createEntity({ partitionKey: 'north', rowKey: '3', vat: '17' });
  await expect(second).rejects.toMatchObject({ code: 'DUPLICATE_VALUE' });
});
