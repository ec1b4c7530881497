import { type EncryptionPolicy, HmacSearchKey } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { found, invalid, keysOf, Patient, patient, policy, tagsOf } from '../support/patients.js';
import { tableOf, tablePolicy } from '../support/tables.js';

const name = uniqueTableName('search');
const patients = tableOf(Patient, name, policy());
const north = patients.where('partitionKey', 'eq', 'north');
const bornInMay = new Date('1980-05-17T10:00:00Z');

beforeAll(async () => {
  await patients.createTable();
  await patients.submitTransaction(
    [
      patient('1', { name: ' ANN  Bea ', born: bornInMay }),
      patient('2', { ssn: 'ssn 1', age: -0, serial: -(2n ** 70n), born: new Date('1980-05-31T23:59:59.999Z') }),
      patient('3', { ssn: null, age: NaN, ward: 'open', name: 'ann bea' }),
      patient('4', { ward: 'open', room: 'room 1' }),
    ].map((row) => ['create', row] as const),
  );
  await patients.createEntity(patient('9', { partitionKey: 'south', ssn: 'ssn 1', name: 'Ann Bea' }));
});

describe('a search', () => {
  it.each([
    ['a text', () => north.and('ssn', 'eq', 'ssn 1'), ['1', '2']],
    [
      'a text in another partition',
      () => patients.where('partitionKey', 'eq', 'south').and('ssn', 'eq', 'ssn 1'),
      ['9'],
    ],
    ['a list', () => north.and('ssn', 'in', ['ssn 1', 'ssn 4', 'ssn 4', 'no such']), ['1', '2', '4']],
    ['a value that does not exist', () => north.and('ssn', 'eq', 'no such'), []],
    ['a normalized text in the table', () => patients.where('name', 'eq', 'Ann bea'), ['1', '3', '9']],
    ['a month', () => north.and('born', 'eq', new Date('1980-05-02')), ['1', '2']],
    ['zero, stored as -0', () => north.and('age', 'eq', 0), ['2']],
    ['a large integer', () => north.and('serial', 'eq', -(2n ** 70n)), ['2']],
    ['bytes, whose short tags collide', () => north.and('code', 'eq', Buffer.from('3')), ['3']],
    ['a property that is sealed in some rows', () => north.and('room', 'eq', 'room 1'), ['1', '4']],
    ['either of two', () => north.and(patients.where('ssn', 'eq', 'ssn 1').or('age', 'eq', 41)), ['1', '2', '4']],
    [
      'one in each partition',
      () => {
        const ssn = patients.where('ssn', 'eq', 'ssn 1');
        return north.and(ssn).or(patients.where('partitionKey', 'eq', 'south').and(ssn));
      },
      ['1', '2', '9'],
    ],
    ['together with a clear property', () => north.and('ssn', 'eq', 'ssn 1').and('rowKey', 'gt', '1'), ['2']],
    [
      'or a clear property, under a negation',
      () => patients.where('ward', 'eq', 'private').not().or('name', 'eq', 'ANN BEA'),
      ['1', '3', '4', '9'],
    ],
  ])('finds %s', async (_what, where, expected) => {
    expect(await keysOf(patients, { where: where() })).toEqual(expected);
  });

  it('returns pages with tokens, also with an additional filter', async () => {
    const where = patients.where('name', 'eq', 'ann bea');
    const pages: unknown[] = [];
    for await (const page of patients.listEntities({ where }).byPage({ maxPageSize: 1 })) {
      pages.push(...page.map(({ rowKey }) => rowKey));
    }

    expect(pages).toEqual(['1', '3', '9']);
    expect(await keysOf(patients, { where, queryOptions: { filter: "PartitionKey eq 'south'" } })).toEqual(['9']);
  });

  it.each([
    [['age'], ['age']],
    [['ssn'], ['ssn']],
    [
      ['rowKey', 'ward', 'room'],
      ['rowKey', 'ward', 'room'],
    ],
    [['azcse_t_ssn'], []],
  ])('projects to %j', async (select, names) => {
    const [row] = await found(patients, { where: north.and('ssn', 'eq', 'ssn 4'), queryOptions: { select } });

    expect(
      Object.keys(row ?? {})
        .filter((each) => each !== 'etag' && !each.startsWith('odata.'))
        .sort(),
    ).toEqual([...names].sort());
  });

  it('returns no tags in entities', async () => {
    const row = await patients.getEntity('north', '1');

    expect(Object.keys(row).filter((each) => each.startsWith('azcse'))).toEqual([]);
    expect(Object.keys(await tagsOf(patients, '1'))).toHaveLength(7);
    expect(await patients.searchTag('ssn', 'ssn 1', { partitionKey: 'north' })).toBe(
      (await tagsOf(patients, '1'))['azcse_t_ssn'],
    );
  });
});

describe('an unsupported search', () => {
  const untyped = (given: string, operator: string, value: unknown) =>
    patients.where(given as 'ssn', operator as 'eq', value as string);

  it.each(['ne', 'lt', 'ge', 'startsWith', 'in'])('is rejected: %s', (operator) => {
    expect(() => untyped('ssn', operator, 'x')).toThrow(invalid('"eq"'));
  });

  it.each([[null], [NaN], [true], ['\ud800'], [undefined]])('is rejected: the value %p', (value) => {
    expect(() => untyped('ssn', 'eq', value)).toThrow(invalid('"ssn"'));
  });

  it('is rejected: a negation, an empty list, no partition, text', async () => {
    const search = patients.where('ssn', 'eq', 'x');

    expect(() => (north.and(search) as unknown as typeof north).not()).toThrow(invalid('not()'));
    expect(() => patients.where('ssn', 'in', [])).toThrow(invalid('at least one'));
    await expect(keysOf(patients, { where: search })).rejects.toThrow(invalid('partitionKey'));
    await expect(keysOf(patients, { where: north.or(search) })).rejects.toThrow(invalid('partitionKey'));
    for (const filter of ["ssn eq 'x'", String(search)]) {
      await expect(keysOf(patients, { queryOptions: { filter } })).rejects.toMatchObject({
        code: 'ENCRYPTED_PROPERTY_IN_FILTER',
      });
    }
    expect(String(search)).not.toContain("'x'");
  });

  it('is rejected: more than 15 comparisons, the limit of the service', async () => {
    const values = (count: number) => Array.from({ length: count }, (_, index) => `ssn ${index}`);

    expect(await keysOf(patients, { where: north.and('ssn', 'in', values(14)) })).toEqual(['1', '2', '4']);
    await expect(keysOf(patients, { where: north.and('ssn', 'in', values(15)) })).rejects.toThrow(invalid('16'));
  });
});

describe('keys', () => {
  const [older, newer] = [HmacSearchKey.generate(), HmacSearchKey.generate()];
  const table = uniqueTableName('rotated');
  const with_ = (keys: NonNullable<EncryptionPolicy['searchKeys']>) =>
    tableOf(Patient, table, policy({ searchKeys: keys }));
  const where = north.and('ssn', 'in', ['ssn 1', 'ssn 2']);

  it('rotate: both find rows, merges move rows, and the old key is no longer needed', async () => {
    const before = with_({ write: older });
    await before.createTable();
    await before.createEntity(patient('1'));
    await before.createEntity(patient('2'));
    const during = with_({ write: newer, read: [older] });
    expect(await keysOf(with_({ write: newer }), { where })).toEqual([]);
    expect(await keysOf(during, { where })).toEqual(['1', '2']);
    await during.updateEntity({ partitionKey: 'north', rowKey: '1', age: 3 }, 'Merge');

    expect(await keysOf(during, { where })).toEqual(['1', '2']);
    expect(await keysOf(before, { where })).toEqual(['2']);
    expect(await keysOf(with_({ write: newer }), { where })).toEqual(['1']);
  });

  it('belong to tenants: a function receives the table and the partition', async () => {
    const targets: unknown[] = [];
    const tenants = with_(({ account: _account, ...target }) => {
      targets.push(target);
      return { write: target.partitionKey === 'north' ? newer : older };
    });
    await tenants.createEntity(patient('5', { partitionKey: 'south' }));
    const south = tenants.where('partitionKey', 'eq', 'south');

    expect(await keysOf(tenants, { where: south.and('ssn', 'eq', 'ssn 5') })).toEqual(['5']);
    expect(await keysOf(tenants, { where: north.and('ssn', 'eq', 'ssn 1') })).toEqual(['1']);
    expect(targets).toContainEqual({ table, partitionKey: 'south' });
    await keysOf(tenants, { where: tenants.where('name', 'eq', 'x') });
    expect(targets.at(-1)).toEqual({ table, partitionKey: undefined });
  });

  it('make writes and searches fail if unavailable, but not reads', async () => {
    const down = with_(() => Promise.reject(new Error('key store is down')));

    await expect(down.createEntity(patient('6'))).rejects.toThrow('key store is down');
    await expect(keysOf(down, { where })).rejects.toThrow('key store is down');
    expect(await down.getEntity('north', '1')).toMatchObject({ ssn: 'ssn 1' });
  });

  it('are required by a class with searchable properties', () => {
    expect(() => tableOf(Patient, table, tablePolicy())).toThrow(invalid('"searchKeys"'));
  });
});
