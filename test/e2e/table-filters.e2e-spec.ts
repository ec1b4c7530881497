import type { Edm } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  type Filter,
  Filterable,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf } from '../support/tables.js';

@EncryptedEntity<Visit>({
  table: 'visits',
  clear: ['ward', 'age', 'weight', 'serial', 'urgent', 'admitted', 'digest', 'id'],
})
class Visit {
  [Filterable]?: 'ward' | 'age' | 'weight' | 'serial' | 'urgent' | 'admitted' | 'digest' | 'id';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt<Visit>({ when: (visit) => visit.urgent }) room!: string;
  ward!: string;
  age!: number;
  weight!: number;
  serial!: bigint;
  urgent!: boolean;
  admitted!: Date;
  digest!: Uint8Array;
  id!: Edm<'Guid'>;
}

const guid = (end: string): Edm<'Guid'> => ({ type: 'Guid', value: `a0000000-0000-0000-0000-00000000000${end}` });
const rows: readonly Visit[] = [
  ['1', "o'brien", 5, 50.5, 2n ** 60n, true, '2026-01-01T00:00:00.001Z', 'a'] as const,
  ['2', "name eq 'x'", -7, 0.25, -1n, false, '2026-06-01T12:00:00.000Z', 'b'] as const,
  ['3', 'ünïcode 🔑', 2 ** 31 - 1, 1e-7, 0n, true, '1999-12-31T23:59:59.999Z', 'c'] as const,
].map(([rowKey, ward, age, weight, serial, urgent, admitted, end]) => ({
  ...{
    partitionKey: 'p',
    rowKey: `row-${rowKey}`,
    name: `name ${rowKey}`,
    room: rowKey,
    ward,
    age,
    weight,
    serial,
    urgent,
  },
  ...{ admitted: new Date(admitted), digest: Buffer.from([Number(rowKey), 255]), id: guid(end) },
}));

let visits: EncryptedTableClient<Visit>;

async function found(options: Parameters<typeof visits.listEntities>[0]): Promise<string> {
  const keys = [];
  for await (const visit of visits.listEntities(options))
    keys.push(Object.hasOwn(visit, 'name') ? visit.name.slice(5) : visit.rowKey);
  return keys.join('');
}
const sealed = (propertyName: string): unknown =>
  expect.objectContaining({ code: 'ENCRYPTED_PROPERTY_IN_FILTER', propertyName });

beforeAll(async () => {
  visits = tableOf(Visit, uniqueTableName('visits'));
  await visits.createTable();
  await visits.submitTransaction(rows.map((row) => ['create', row] as const));
});

describe('a typed filter', () => {
  const filters: readonly (readonly [string, () => Filter<Visit>, string])[] = [
    ['a text with a quote', () => visits.where('ward', 'eq', "o'brien"), '1'],
    ['a text that looks like a filter', () => visits.where('ward', 'eq', "name eq 'x'"), '2'],
    ['a text beyond ASCII', () => visits.where('ward', 'eq', 'ünïcode 🔑'), '3'],
    ['a text that would end the literal', () => visits.where('ward', 'eq', "' or ward ne '"), ''],
    ['a key prefix', () => visits.where('rowKey', 'startsWith', 'row-').and('ward', 'startsWith', "o'"), '1'],
    ['an integer', () => visits.where('age', 'gt', -8).and('age', 'lt', 2 ** 31 - 1), '12'],
    ['a fraction', () => visits.where('weight', 'ge', 0.25), '12'],
    ['a small fraction', () => visits.where('weight', 'lt', 1e-3).and('weight', 'gt', 1e-9), '3'],
    ['a 64-bit integer', () => visits.where('serial', 'eq', 2n ** 60n).or('serial', 'lt', 0n), '12'],
    ['a boolean', () => visits.where('urgent', 'eq', true), '13'],
    ['a time', () => visits.where('admitted', 'ge', new Date('2026-01-01T00:00:00.001Z')), '12'],
    ['bytes', () => visits.where('digest', 'eq', Buffer.from([2, 255])), '2'],
    ['a GUID', () => visits.where('id', 'eq', guid('c')), '3'],
    ['a negation', () => visits.where('urgent', 'eq', true).not().and('partitionKey', 'eq', 'p'), '2'],
    [
      'brackets',
      () => visits.where('urgent', 'eq', false).or(visits.where('age', 'gt', 5).and('urgent', 'ne', false)),
      '23',
    ],
    ['the time of the last change', () => visits.where('timestamp', 'gt', new Date(0)), '123'],
  ];

  it.each(filters)('finds %s', async (_what, where, expected) => {
    expect(await found({ where: where() })).toBe(expected);
  });

  it('combines with a text filter, also across pages', async () => {
    const where = visits.where('urgent', 'eq', true);
    const filter = "RowKey eq 'row-2' or RowKey eq 'row-3'";
    const page = await visits.listEntities({ where }).byPage({ maxPageSize: 1 }).next();
    const { continuationToken } = page.value as { continuationToken?: string };

    const rest = await visits.listEntities({ where }).byPage({ maxPageSize: 1, continuationToken }).next();

    expect(await found({ where, queryOptions: { filter } })).toBe('3');
    expect(await found({ where, queryOptions: { select: ['rowKey'] } })).toBe('row-1row-3');
    expect((rest.value as Visit[]).map(({ name }) => name)).toEqual(['name 3']);
  });

  it('on a sealed property is rejected', () => {
    for (const name of ['name', 'room'] as never[])
      expect(() => visits.where(name, 'eq', 'x' as never)).toThrow(sealed(name) as Error);
  });
});

describe('a text filter', () => {
  it.each([
    ["name eq 'name 1'", 'name'],
    ["PartitionKey eq 'p' and not (room eq '1')", 'room'],
  ])('on a sealed property is rejected before any request: %s', async (filter, name) => {
    const nowhere = tableOf(Visit, uniqueTableName('nowhere'));
    const options = { queryOptions: { filter } };

    await expect(nowhere.listEntities(options).next()).rejects.toEqual(sealed(name));
    await expect(nowhere.listEntities(options).byPage().next()).rejects.toEqual(sealed(name));
    await expect(nowhere.getEntity('p', 'r', options)).rejects.toEqual(sealed(name));
  });

  it('may contain the name of a sealed property in a literal', async () => {
    expect(await found({ queryOptions: { filter: "ward eq 'name eq ''x'''" } })).toBe('2');
  });

  it('may compare ciphertext if explicitly allowed', async () => {
    expect(await found({ filterOnCiphertext: true, queryOptions: { filter: "name eq 'name 1'" } })).toBe('');
  });
});
