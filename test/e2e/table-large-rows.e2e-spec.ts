/** Rows of the maximum size that the service accepts, with a tag for each property. */
import { TableClient } from '@azure/data-tables';
import { Encrypt, EncryptedEntity, EncryptedTableService, Sign } from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { policyOf } from '../support/blobs.js';

const SEALED = 20;
const SIGNED = 230;
const LONG_NAME = 'n'.repeat(200);

type Row = Record<string, string>;

class Chart {
  partitionKey = 'ward';
  rowKey = '';
}
EncryptedEntity({ table: 'charts', clear: '*' })(Chart);
/** The signatures of these names alone do not fit into a property. */
class LongNames {
  partitionKey = 'ward';
  rowKey = '';
}
EncryptedEntity({ table: 'charts', clear: '*' })(LongNames);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
for (const at of upTo(SEALED)) (Encrypt() as PropertyDecorator)(Chart.prototype, `sealed${at}`);
for (const at of upTo(SIGNED)) {
  (Sign() as PropertyDecorator)(Chart.prototype, `signed${at}`);
  (Sign() as PropertyDecorator)(LongNames.prototype, `${LONG_NAME}${at}`);
}

const values = (prefix: string, count: number, value: string): Row =>
  Object.fromEntries(upTo(count).map((at) => [`${prefix}${at}`, `${value}${at}`]));
const keys = { partitionKey: 'ward', rowKey: '1' };
const name = uniqueName('charts').replace(/\W/g, '');
const of = (table: string): TableClient =>
  TableClient.fromConnectionString(connectionString(), table, { allowInsecureConnection: true });
const service = new EncryptedTableService(of, policyOf('2.0'));
const charts = service.getTableClient(Chart, name);
/** 250 properties in 950 KB. */
const chart: Row = {
  ...keys,
  ...values('sealed', SEALED, 'x'.repeat(40_000)),
  ...values('signed', SIGNED, 'y'.repeat(300)),
};

beforeAll(async () => {
  await charts.createTable();
  await charts.createEntity(chart as never);
});

it('are read completely and by columns', async () => {
  expect(await charts.getEntity('ward', '1')).toMatchObject(chart);

  const column = await charts.getEntity('ward', '1', { queryOptions: { select: ['signed7', 'sealed19'] } });
  expect(column).toMatchObject({ signed7: chart['signed7'], sealed19: chart['sealed19'] });
});

it('are rejected if one of 250 properties was changed, except in projections without it', async () => {
  const { etag: _etag, timestamp: _timestamp, ...stored } = await of(name).getEntity<Row>('ward', '1');
  const copies = service.getTableClient(Chart, `${name}Copies`);
  await copies.createTable();
  await of(`${name}Copies`).createEntity({ ...stored, partitionKey: 'ward', rowKey: '1', signed229: 'changed' });

  await expect(copies.getEntity('ward', '1')).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
  const column = await copies.getEntity('ward', '1', { queryOptions: { select: ['signed7', 'sealed19'] } });
  expect(column).toMatchObject({ signed7: chart['signed7'], sealed19: chart['sealed19'] });
});

it('are rejected before any request if the signatures do not fit', async () => {
  const long = service.getTableClient(LongNames, name);

  await expect(long.createEntity({ ...keys, ...values(LONG_NAME, SIGNED, 'z') })).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: expect.stringContaining('signatures') as string,
  });
});
