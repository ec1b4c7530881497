/** Searches through a lookup table, and unique values. */
import { isMaintenanceClean, type MaintenanceTask, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { entriesIn, lookedUp, type LookedUp, member, newer, older } from '../support/lookups.js';
import { found, invalid, keysOf } from '../support/patients.js';
import { requestsOf } from '../support/tables.js';

const duplicate = expect.objectContaining({ code: 'DUPLICATE_VALUE' }) as Error;
const keys = (rowKey: string) => ({ partitionKey: 'north', rowKey });

/** Each test has its own table. */
async function table(): Promise<LookedUp & { readonly name: string }> {
  const name = uniqueTableName('members');
  const made = lookedUp(name);
  await made.members.createTable();
  return { ...made, name };
}

const byName = ({ members }: LookedUp, ...names: readonly string[]) =>
  keysOf(members, { where: members.where('name', 'in', names) });
const byEmail = ({ members }: LookedUp, email: string) =>
  keysOf(members, { where: members.where('email', 'eq', email) });

describe('a search', () => {
  it('finds rows of every partition by their entries, together with any other filter', async () => {
    const made = await table();
    const { members } = made;
    for (const rowKey of ['1', '2', '3']) await members.createEntity(member(rowKey, { name: 'Ann' }));
    await members.createEntity({ ...member('4', { name: ' ANN ' }), partitionKey: "so|uth's" });
    await members.createEntity(member('5', { name: null }));

    expect((await byName(made, 'ann')).toSorted()).toEqual(['1', '2', '3', '4']);
    const where = members.where('name', 'eq', 'ann').and('rowKey', 'gt', '1').and('partitionKey', 'eq', 'north');
    expect((await keysOf(members, { where })).toSorted()).toEqual(['2', '3']);
    const either = members.where('name', 'eq', 'ann').or('email', 'eq', '5@example.org');
    expect((await keysOf(members, { where: either })).toSorted()).toEqual(['1', '2', '3', '4', '5']);
    expect(await byEmail(made, '5@example.org')).toEqual(['5']);
    expect(await byName(made, 'Bea')).toEqual([]);
    const [one] = await found(members, {
      where: members.where('email', 'eq', '1@example.org'),
      queryOptions: { select: ['name'] },
    });
    expect({ ...one }).toMatchObject({ name: 'Ann' });
    expect(one).not.toHaveProperty('email');
  });

  it('requests only the rows of the entries, page by page, for more than 15 values', async () => {
    const made = await table();
    const { members } = made;
    const all = Array.from({ length: 20 }, (_, at) => String(at));
    for (const rowKey of all) await members.createEntity(member(rowKey, { name: `n ${Number(rowKey) % 10}` }));
    const where = members.where('name', 'in', [...all.map((at) => `n ${at}`), 'n 1']);
    const requests = requestsOf(members);

    const pages: (readonly string[])[] = [];
    for (let continuationToken: string | undefined; ;) {
      const listing = members
        .listEntities({ where })
        .byPage({ maxPageSize: 1, ...(continuationToken ? { continuationToken } : {}) });
      const { value } = (await listing.next()) as { value: { rowKey: string }[] & { continuationToken?: string } };
      pages.push(value.map(({ rowKey }) => rowKey));
      continuationToken = value.continuationToken;
      if (continuationToken === undefined) break;
    }

    expect(pages.every(({ length }) => length <= 1)).toBe(true);
    expect(pages.flat().toSorted()).toEqual(all.toSorted());
    expect(requests).toHaveLength(20);
    const foreign = members.listEntities({ where }).byPage({ continuationToken: 'bm8=' });
    await expect(foreign.next()).rejects.toThrow(invalid('continuationToken'));
  });

  it('is never misled by planted, moved or changed entries, though a missing entry hides its row', async () => {
    const made = await table();
    const { members, entries } = made;
    await members.createEntity(member('1', { name: 'Ann' }));
    await members.createEntity(member('2', { name: 'Bea' }));
    const stored: { readonly partitionKey?: string; readonly rowKey?: string; readonly rk: string }[] = [];
    for await (const entry of entries.listEntities<{ rk: string }>()) stored.push(entry);
    const [ann, bea] = ['1', '2'].map((rk) => stored.find((each) => each.rk === rk && each.rowKey !== 'unique')!);
    const hidden = ann!.partitionKey!;
    // the entry of Bea under the tag of Ann; a second entry of Ann; entries without an owner
    await entries.createEntity({ partitionKey: hidden, rowKey: bea!.rowKey!, pk: 'north', rk: '2' });
    await entries.createEntity({ partitionKey: hidden, rowKey: '0'.repeat(64), pk: 'north', rk: '1' });
    await entries.createEntity({ partitionKey: hidden, rowKey: 'unique', pk: 'north', rk: '1' });
    await entries.createEntity({ partitionKey: hidden, rowKey: 'other' });
    await entries.createEntity({ partitionKey: hidden, rowKey: '1'.repeat(64), pk: 7, rk: "x' or true" });

    expect(await byName(made, 'ann')).toEqual(['1']);

    await entries.deleteEntity(bea!.partitionKey!, bea!.rowKey!);
    expect(await byName(made, 'bea')).toEqual([]);
    expect((await found(members, {})).map(({ name }) => name)).toEqual(['Ann', 'Bea']);
  });
});

describe('entries', () => {
  it('follow inserts, replaces, merges, upserts and deletes', async () => {
    const made = await table();
    const { members, entries } = made;

    await members.createEntity(member('1'));
    expect(await entriesIn(entries)).toEqual(['email 1', 'name 1']);
    await members.updateEntity(member('1', { name: 'New', email: 'new@example.org' }));
    expect(await entriesIn(entries)).toEqual(['email 1', 'name 1']);
    expect([await byName(made, 'Name 1'), await byName(made, 'New'), await byEmail(made, 'new@example.org')]).toEqual([
      [],
      ['1'],
      ['1'],
    ]);
    await members.updateEntity({ ...keys('1'), name: 'Newer' }, 'Merge');
    expect([await byName(made, 'New'), await byName(made, 'Newer')]).toEqual([[], ['1']]);
    await members.updateEntity({ ...keys('1'), name: null }, 'Merge');
    expect(await entriesIn(entries)).toEqual(['email 1']);
    await members.upsertEntity(member('1'));
    await members.upsertEntity(member('2'));
    await members.upsertEntity({ ...keys('2'), name: 'Two' }, 'Merge');
    await members.upsertEntity(member('3'), 'Merge');
    expect(await entriesIn(entries)).toEqual(['email 1', 'email 2', 'email 3', 'name 1', 'name 2', 'name 3']);
    await members.deleteEntity('north', '1');
    expect(await entriesIn(entries)).toEqual(['email 2', 'email 3', 'name 2', 'name 3']);
    await members.submitTransaction([
      ['delete', keys('2')],
      ['create', member('4')],
      ['update', member('3', { name: 'Three', email: '2b@example.org' })],
      ['upsert', member('5')],
      ['upsert', { ...keys('6'), name: 'Six' }, 'Merge'],
    ]);
    expect(await entriesIn(entries)).toEqual(['email 3', 'email 4', 'email 5', 'name 3', 'name 4', 'name 5', 'name 6']);
    expect(await byName(made, 'three', 'six', 'name 4')).toHaveLength(3);
    await members.deleteTable();
    await expect(entriesIn(entries)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('are not touched by a change of other properties', async () => {
    const { members, entries } = await table();
    await members.createEntity(member('1'));
    const requests = requestsOf({ unencryptedClient: entries });

    await members.updateEntity({ ...keys('1'), visits: 3 }, 'Merge');
    await members.updateEntity(member('1', { visits: 4 }));

    expect(requests).toEqual([]);
    expect(await members.getEntity('north', '1')).toMatchObject({ visits: 4 });
  });

  it('follow the row if many writers change it at once', async () => {
    const made = await table();
    const { members, entries } = made;
    await members.createEntity(member('1'));
    const names = ['a', 'b', 'c'];

    const writes = Array.from({ length: 12 }, (_, at) => {
      if (at % 4 === 3) return members.deleteEntity('north', '1').then(() => 'deleted');
      return members.upsertEntity(member('1', { name: names[at % 3]! }), 'Replace', { mergeAttempts: 40 });
    });
    await Promise.allSettled(writes);
    await members.upsertEntity(member('1', { name: 'last' }), 'Replace', { mergeAttempts: 40 });

    expect(await byName(made, ...names)).toEqual([]);
    expect(await byName(made, 'last')).toEqual(['1']);
    expect(await entriesIn(entries)).toContain('email 1');
  });
});

describe('a unique value', () => {
  it('is rejected in every other row, by every kind of write, and available again once it is given up', async () => {
    const made = await table();
    const { members, entries } = made;
    await members.createEntity(member('1'));
    await members.createEntity(member('2'));
    const taken = member('3', { email: '1@example.org' });

    await expect(members.createEntity(taken)).rejects.toThrow(duplicate);
    await expect(members.upsertEntity(taken)).rejects.toThrow(duplicate);
    await expect(members.updateEntity({ ...keys('2'), email: '1@example.org' }, 'Merge')).rejects.toThrow(duplicate);
    await expect(members.updateEntity({ ...taken, rowKey: '2' })).rejects.toThrow(duplicate);
    await expect(
      members.submitTransaction([
        ['create', member('4')],
        ['create', taken],
      ]),
    ).rejects.toThrow(duplicate);
    await expect(
      members.submitTransaction([
        ['create', member('5', { email: 'same' })],
        ['create', member('6', { email: 'same' })],
      ]),
    ).rejects.toThrow(duplicate);

    // rejected writes leave nothing behind
    expect(await entriesIn(entries)).toEqual(['email 1', 'email 2', 'name 1', 'name 2']);
    expect((await found(members, {})).map(({ rowKey }) => rowKey)).toEqual(['1', '2']);

    await members.deleteEntity('north', '1');
    await members.createEntity(taken);
    expect(await byEmail(made, '1@example.org')).toEqual(['3']);
  });

  it('that a transaction cannot take leaves no reservation for the values of its other rows', async () => {
    const { members, entries } = await table();
    await members.createEntity(member('0'));
    const before = await entriesIn(entries);
    const rows = Array.from({ length: 40 }, (_, index) => member(String(index + 1)));
    const actions = [member('x', { email: '0@example.org' }), ...rows].map((row) => ['create', row] as const);

    await expect(members.submitTransaction(actions)).rejects.toThrow(duplicate);

    expect(await entriesIn(entries)).toEqual(before);
  });

  it('is not reserved by a write that is rejected before any request', async () => {
    const { members, entries } = await table();
    const lost = { ...member('1'), visits: {} as never };
    const inTwo = [member('1'), { ...member('2'), partitionKey: 'south' }].map((row) => ['create', row] as const);

    await expect(members.createEntity(lost)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
    await expect(members.upsertEntity(lost)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
    await expect(members.submitTransaction(inTwo)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });

    expect(await entriesIn(entries)).toEqual([]);
  });

  it('goes to one of many rows that request it at the same time', async () => {
    const made = await table();
    const { members } = made;

    const writes = Array.from({ length: 8 }, (_, at) =>
      members.createEntity(member(String(at), { email: 'all@example.org' })),
    );
    const outcomes = await Promise.allSettled(writes);

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toEqual(duplicate);
    expect(await byEmail(made, 'all@example.org')).toHaveLength(1);
  });

  it('is rejected under every search key of a rotation', async () => {
    const { name } = await table();
    const before = lookedUp(name, { searchKeys: { write: older, read: [newer] } });
    const after = lookedUp(name, { searchKeys: { write: newer, read: [older] } });
    await before.members.createEntity(member('1'));
    await after.members.createEntity(member('2'));

    await expect(after.members.createEntity(member('3', { email: '1@example.org' }))).rejects.toThrow(duplicate);
    await expect(before.members.createEntity(member('3', { email: '2@example.org' }))).rejects.toThrow(duplicate);
    expect(await byEmail(after, '1@example.org')).toEqual(['1']);
    await after.members.updateEntity({ ...keys('1'), email: '1@example.org' }, 'Merge');
    expect(await entriesIn(after.entries)).toEqual(['email 1', 'email 2', 'name 1', 'name 2']);
  });
});

describe('reindex', () => {
  const NONE = { untagged: 0, mismatched: 0, outdated: 0, unlisted: 0, leftover: 0 };
  const run = ({ members }: LookedUp, task: MaintenanceTask, isDry = false) =>
    runMaintenance(
      { name: 'tags', task, sources: [members.forMaintenance(), members.lookupsForMaintenance()] },
      { dryRun: isDry },
    );

  it('writes missing entries, moves others to the new key, and counts the remaining ones', async () => {
    const { name } = await table();
    const old = lookedUp(name, { searchKeys: { write: older } });
    const made = lookedUp(name, { searchKeys: { write: newer, read: [older] } });
    await old.members.createEntity(member('1'));
    await made.members.createEntity(member('2'));
    await made.members.createEntity(member('3'));
    for await (const { partitionKey, rowKey, rk } of made.entries.listEntities<{ rk: string }>())
      if (rk === '2') await made.entries.deleteEntity(partitionKey!, rowKey!);
    await made.entries.createEntity({ partitionKey: 'not', rowKey: 'an entry' });

    expect(await byName(made, 'name 1', 'name 2', 'name 3')).toEqual(['1', '3']);
    const counted = await run(made, { do: 'census', tags: true });
    expect(counted.census.tags).toEqual({ ...NONE, outdated: 1, unlisted: 1 });
    await run(made, { do: 'reindex' }, true);
    expect(await byName(made, 'name 2')).toEqual([]);

    const report = await run(made, { do: 'reindex' });

    expect(isMaintenanceClean(report)).toBe(true);
    expect(report.census.tags).toEqual(NONE);
    expect(await byName(lookedUp(name), 'name 1', 'name 2', 'name 3')).toHaveLength(3);
    expect(await byEmail(lookedUp(name), '1@example.org')).toEqual(['1']);
    expect(await entriesIn(made.entries)).toHaveLength(7);
  });

  it('reports rows that have the same unique value', async () => {
    const made = await table();
    await made.members.createEntity(member('1'));
    const entry = (await made.entries.listEntities({ queryOptions: { filter: "RowKey eq 'unique'" } }).next()).value!;
    await made.entries.deleteEntity(entry.partitionKey, entry.rowKey);
    await made.members.createEntity(member('2', { email: '1@example.org' }));

    const report = await run(made, { do: 'reindex' });

    expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'DUPLICATE_VALUE' }]);
    expect(report.census.tags).toEqual({ ...NONE, unlisted: 1 });
  });
});
