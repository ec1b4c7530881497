/** What reads verify of signed rows: projections, filters, listings and their handlers. */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  Filterable,
  Sign,
  type TableDecryptionFailure,
} from 'nestjs-azure-encrypted-storage';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../../src/wire/entity-metadata.js';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy, withoutEntries } from '../support/tables.js';

@EncryptedEntity<Invoice>({ table: 'invoices', clear: ['note'] })
class Invoice {
  [Filterable]?: 'status';
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() iban?: string;
  @Sign() status?: string | null;
  @Sign() cents?: number;
  note?: string;
}

@EncryptedEntity<Referral>({ table: 'referrals', clear: ['ward'] })
class Referral {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() iban?: string;
  @Encrypt({ when: ({ ward }: Referral) => ward === 'a' }) reason?: string;
  ward?: string;
}

const tableName = uniqueTableName('signedreads');
const required = tablePolicy({ integrity: 'require' });
const refused = { code: 'DECRYPTION_FAILED' };
const invoices = tableOf(Invoice, tableName);
let count = 0;

const stored = (rowKey: string): Promise<Record<string, unknown>> => invoices.unencryptedClient.getEntity('p', rowKey);
const found = (rowKey: string, select?: string[]) =>
  tableOf(Invoice, tableName, required).getEntity(
    'p',
    rowKey,
    select === undefined ? {} : { queryOptions: { select } },
  );
async function issued(more: Partial<Invoice> = {}): Promise<{ partitionKey: string; rowKey: string }> {
  const keys = { partitionKey: 'p', rowKey: `r${++count}` };
  await invoices.createEntity({ ...keys, iban: 'DE00', status: 'open', cents: 12, note: 'free', ...more });
  return keys;
}
/** Changes a row as somebody with write access to the account can. */
const attack = (keys: object, change: object) =>
  invoices.unencryptedClient.updateEntity({ ...keys, ...change } as never, 'Merge');

beforeAll(() => invoices.createTable());

describe('a projection', () => {
  it.each<readonly [string, object, readonly string[], boolean]>([
    ['a signed property that it names', { status: 'paid' }, ['status'], false],
    ['a signed property that it names in a list', { status: 'paid' }, ['note,status'], false],
    ['a signed property that it names with a space', { status: 'paid' }, ['note', ' status'], false],
    ['a signed property that it leaves out', { status: 'paid' }, ['iban', 'cents'], true],
    ['a sealed property that it names', { iban: Buffer.alloc(16) }, ['iban'], false],
    ['a sealed property that it leaves out', { iban: Buffer.alloc(16) }, ['status'], true],
    ['an unsigned property', { note: 'x' }, ['note'], true],
  ])('verifies a row in which somebody changed %s', async (_what, change, select, isRead) => {
    const keys = await issued();
    await attack(keys, change);
    const outcome = found(keys.rowKey, [...select]);

    if (isRead) expect(Object.keys(await outcome)).toEqual(expect.arrayContaining([...select]));
    else await expect(outcome).rejects.toMatchObject(refused);
  });

  it('requires every listed property that it names, and no other', async () => {
    const keys = await issued();
    const { status: _status, iban: _iban, ...rest } = await stored(keys.rowKey);
    await invoices.unencryptedClient.updateEntity({ ...rest, ...keys }, 'Replace');

    for (const select of [['status'], ['iban'], ['cents', 'status']])
      await expect(found(keys.rowKey, select)).rejects.toMatchObject(refused);
    expect(await found(keys.rowKey, ['cents', 'note'])).toMatchObject({ cents: 12, note: 'free' });
    await expect(found(keys.rowKey)).rejects.toMatchObject(refused);
  });

  it('returns neither the encryption data nor properties that were not requested', async () => {
    const keys = await issued();
    const projected = await found(keys.rowKey, ['status']);

    expect(projected.status).toBe('open');
    for (const name of ['partitionKey', 'iban', ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY])
      expect(projected).not.toHaveProperty(name);
  });
});

describe('a listing', () => {
  const client = (): EncryptedTableClient<Invoice> => tableOf(Invoice, tableName);

  it('filters by signed properties, and verifies them even if a projection leaves them out', async () => {
    const status = `s${++count}`;
    const [kept, changed] = [await issued({ status }), await issued({ status: 'other' })];
    const where = client().where('status', 'eq', status);
    const queryOptions = { select: ['iban'] };
    const listed = async (options: Parameters<EncryptedTableClient<Invoice>['listEntities']>[0]) => {
      const rows = [];
      for await (const row of client().listEntities(options)) rows.push(row);
      return rows;
    };
    expect(await listed({ where, queryOptions })).toMatchObject([{ iban: 'DE00' }]);
    expect((await listed({ where, queryOptions }))[0]).not.toHaveProperty('status');

    await attack(changed, { status });
    await expect(listed({ where, queryOptions })).rejects.toMatchObject(refused);
    await expect(
      listed({ queryOptions: { ...queryOptions, filter: `RowKey eq '${changed.rowKey}' and status ne 'x'` } }),
    ).rejects.toMatchObject(refused);
    expect(await listed({ where: where.and('rowKey', 'eq', kept.rowKey) })).toHaveLength(1);
  });

  it('verifies the properties it filters by, even if only a condition reads them', async () => {
    const referrals = tableOf(Referral, uniqueTableName('conditions'));
    await referrals.createTable();
    await referrals.createEntity({ partitionKey: 'p', rowKey: '1', iban: 'DE00', reason: 'known', ward: 'a' });
    const first = async (filter: string) => {
      for await (const row of referrals.listEntities({ queryOptions: { filter, select: ['iban'] } })) return row;
      return undefined;
    };
    const found = await first("ward eq 'a'");
    expect([found?.iban, found !== undefined && 'ward' in found]).toEqual(['DE00', false]);

    await referrals.unencryptedClient.updateEntity({ partitionKey: 'p', rowKey: '1', ward: 'b' }, 'Merge');

    await expect(first("ward eq 'b'")).rejects.toMatchObject(refused);
  });

  it('reports changed rows to its handler, page by page, and continues', async () => {
    const rows = tableOf(Invoice, uniqueTableName('listed'), required);
    await rows.createTable();
    for (const rowKey of ['1', '2', '3', '4', '5'])
      await rows.createEntity({ partitionKey: 'p', rowKey, iban: 'DE00', status: 'open' });
    const raw = rows.unencryptedClient;
    await raw.updateEntity({ partitionKey: 'p', rowKey: '2', status: 'paid' }, 'Merge');
    const { iban } = await raw.getEntity('p', '1');
    await raw.updateEntity({ partitionKey: 'p', rowKey: '3', iban: iban as Uint8Array }, 'Merge');
    await tableOf(Invoice, rows.tableName, withoutEntries()).updateEntity({
      partitionKey: 'p',
      rowKey: '4',
      iban: 'x',
    });

    const reported: string[] = [];
    const read: string[] = [];
    const onDecryptionFailed = ({ rowKey, error }: TableDecryptionFailure) =>
      void reported.push(`${rowKey} ${error.code}`);
    for await (const page of rows.listEntities({ onDecryptionFailed }).byPage({ maxPageSize: 2 }))
      read.push(...page.map(({ rowKey }) => rowKey));

    expect(reported).toEqual(['2 DECRYPTION_FAILED', '3 DECRYPTION_FAILED', '4 INTEGRITY_MISSING']);
    expect(read).toEqual(['1', '5']);
  });
});
