/** Rows are read without the SDK's conversion of each value. Nothing else about them may differ. */
import { odata, TableClient, type TableEntityResultPage } from '@azure/data-tables';
import { storedPages, storedRow } from '../../src/table/service-answer.js';
import { AnswersProxy, withBody } from '../support/answers-proxy.js';
import { connectionString, uniqueTableName } from '../support/azurite.js';

const ROWS = 5;
const types = {
  guid: { type: 'Guid', value: '123e4567-e89b-12d3-a456-426614174000' },
  int: { type: 'Int32', value: 7 },
  double: { type: 'Double', value: 7 },
};
const values = {
  ...{ text: 'téxt "quoted"', empty: '', flag: false, number: 1.5, whole: 3, long: 12_345_678_901n },
  ...{ at: new Date('2026-11-30T01:02:03.004Z'), bytes: Buffer.from('bytes'), none: new Uint8Array(0) },
};
let table: TableClient;

beforeAll(async () => {
  table = TableClient.fromConnectionString(connectionString(), uniqueTableName('plainly'), {
    allowInsecureConnection: true,
  });
  await table.createTable();
  for (let row = 0; row < ROWS; row++) {
    await table.createEntity({ partitionKey: `p ${row % 2}`, rowKey: `ü ${row}`, ...values, ...types });
  }
});

const settings = [undefined, { maxPageSize: 2 }, { maxPageSize: 1 }, { maxPageSize: 100 }];
const options = [
  {},
  { disableTypeConversion: true },
  { queryOptions: { select: ['PartitionKey', 'RowKey', 'bytes', 'long', 'missing'] } },
  { queryOptions: { filter: odata`partitionKey eq ${'nowhere'}` } },
];
const cases = settings.flatMap((each) => options.map((one) => [each, one] as const));

async function collected(pages: AsyncIterable<TableEntityResultPage<object>>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const page of pages) found.push({ rows: [...page], token: page.continuationToken });
  return found;
}

it.each(cases)('returns the rows and tokens of the SDK for pages by %j and %j', async (size, one) => {
  const expected = await collected(table.listEntities(one).byPage(size));

  expect(await collected(storedPages(table, one, size))).toEqual(expected);
});

it('continues a listing with a token of the SDK, and the reverse', async () => {
  const size = { maxPageSize: 2 };
  const first = await table.listEntities().byPage(size).next();
  const { continuationToken } = first.value as { readonly continuationToken: string };

  const ours = await collected(storedPages(table, {}, { ...size, continuationToken }));
  const theirs = await collected(table.listEntities().byPage({ ...size, continuationToken }));

  expect(ours).toHaveLength(2);
  expect(ours).toEqual(theirs);
});

it.each([{}, { disableTypeConversion: true }])('returns the row of the SDK for %j', async (one) => {
  const expected = await table.getEntity('p 1', 'ü 3', one);
  const { partitionKey, rowKey } = expected;

  expect(await storedRow(table, { partitionKey: 'p 1', rowKey: 'ü 3' }, one)).toEqual({
    ...{ ...expected, partitionKey, rowKey },
  });
});

it('passes responses to the caller as the SDK creates them', async () => {
  const seen: unknown[] = [];
  const onResponse = ({ parsedHeaders }: { parsedHeaders?: unknown }, flat: unknown): void =>
    void seen.push([Object.keys(parsedHeaders ?? {}).includes('requestId'), Object.keys(flat as object)]);

  await storedRow(table, { partitionKey: 'p 0', rowKey: 'ü 0' }, { onResponse });
  await collected(storedPages(table, { onResponse }, undefined));
  const ours = seen.splice(0);
  await table.getEntity('p 0', 'ü 0', { onResponse });
  await collected(table.listEntities({ onResponse }).byPage());

  expect(ours).toEqual(seen);
  expect(seen).toEqual([
    [true, expect.arrayContaining(['requestId'])],
    [true, expect.arrayContaining(['requestId', 'value'])],
  ]);
});

it('fails with the error of the SDK', async () => {
  const nothing = { partitionKey: 'p', rowKey: 'nothing' };
  const expected: unknown = await table.getEntity('p', 'nothing').catch((error: unknown) => error);

  const ours: unknown = await storedRow(table, nothing).catch((error: unknown) => error);

  const { statusCode, code, name, details } = expected as Record<string, unknown>;
  expect(ours).toMatchObject({ statusCode, code, name });
  expect(Object.keys((ours as { details: object }).details)).toEqual(Object.keys(details as object));
});

describe('a column named like the prototype of an object', () => {
  let proxy: AnswersProxy;
  beforeAll(async () => {
    proxy = await AnswersProxy.start('Table');
  });
  afterAll(() => proxy.close());

  it.each(['Guid', 'Binary', 'DateTime', 'String'])('is missing in rows if it is a %s, as in the SDK', async (type) => {
    const behind = TableClient.fromConnectionString(proxy.connectionString, table.tableName, {
      allowInsecureConnection: true,
    });
    const column = `"__proto__@odata.type":"Edm.${type}","__proto__":"2026-11-30"`;
    proxy.spoil = withBody((body) => body.replaceAll('"PartitionKey"', `${column},"PartitionKey"`));
    const keys = { partitionKey: 'p 0', rowKey: 'ü 0' };

    for (const one of [{}, { disableTypeConversion: true }]) {
      const rows: object[] = [await storedRow(behind, keys, one)];
      for await (const page of storedPages(behind, one, undefined)) rows.push(...page);

      expect(rows).toHaveLength(ROWS + 1);
      for (const row of rows) {
        expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
        expect(Object.keys(row)).not.toContain('__proto__');
      }
    }
  });
});
