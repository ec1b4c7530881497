import { TableClient } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  EncryptedTableService,
  isEncryptedStorageError,
} from 'nestjs-azure-encrypted-storage';
import { inspectEntity } from '../../src/inspect/inspect-entity.js';
import { AnswersProxy, withBody } from '../support/answers-proxy.js';
import { uniqueTableName } from '../support/azurite.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity<Note>({ clear: ['ward'] })
class Note {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() text!: string;
  ward!: string;
}

const KEYS = { partitionKey: 'p', rowKey: '0' };
const tableName = uniqueTableName('answers');
const direct = tableOf(Note, tableName);
const policy = tablePolicy();
let proxy: AnswersProxy;
let notes: EncryptedTableClient<Note>;
let plain: TableClient;

beforeAll(async () => {
  proxy = await AnswersProxy.start('Table');
  const connect = (name: string): TableClient =>
    TableClient.fromConnectionString(proxy.connectionString, name, {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 0 },
    });
  plain = connect(tableName);
  notes = new EncryptedTableService(connect, policy).getTableClient(Note, tableName);
  await notes.createTable();
  for (const rowKey of ['0', '1', '2']) {
    await notes.createEntity({ partitionKey: 'p', rowKey, text: `text ${rowKey}`, ward: 'w' });
  }
});
afterEach(() => proxy.clear());
afterAll(() => proxy.close());

async function listed(options: Parameters<typeof notes.listEntities>[0] = {}): Promise<string> {
  const found: string[] = [];
  for await (const page of notes.listEntities(options).byPage({ maxPageSize: 2 })) {
    found.push(...page.map(({ rowKey }) => rowKey));
  }
  return found.join('');
}

const patch = { ...KEYS, text: 'merged' };
/** Calls that depend on the answer. */
const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  getEntity: () => notes.getEntity('p', '0'),
  listEntities: () => listed(),
  'listEntities with a handler': () => listed({ onDecryptionFailed: () => undefined }),
  'updateEntity, Merge': () => notes.updateEntity(patch, 'Merge'),
  'upsertEntity, Merge': () => notes.upsertEntity(patch, 'Merge'),
  submitTransaction: () => notes.submitTransaction([['update', patch, 'Merge']]),
  inspect: () => inspectEntity({ client: plain, ...KEYS, policy: null }),
};

const changed = (change: (row: Record<string, unknown>) => unknown) =>
  withBody((text) => {
    if (text === '') return text;
    const body = JSON.parse(text) as { value?: Record<string, unknown>[] };
    for (const row of body.value ?? [body]) change(row);
    return JSON.stringify(body);
  });

const BODIES: Readonly<Record<string, AnswersProxy['spoil']>> = {
  'is emptied': withBody(() => ''),
  'is an empty object': withBody(() => '{}'),
  'is null': withBody(() => 'null'),
  'is a list': withBody(() => '[]'),
  'has no list of rows': withBody(() => '{"value":null}'),
  'has invalid rows': withBody(() => '{"value":[1,null]}'),
  'has no RowKey': changed((row) => delete row['RowKey']),
  'has a PartitionKey that is not text': changed((row) => (row['PartitionKey'] = 5)),
  'has no ETag': changed((row) => delete row['odata.etag']),
  'has a column that is an object': changed((row) => (row['ward'] = {})),
  'has a column that looks like a typed value': changed((row) => (row['ward'] = { type: 'String', value: 'w' })),
  'has a column that is a list': changed((row) => (row['more'] = [])),
  'has a type that does not exist': changed((row) => (row['ward@odata.type'] = 'Edm.Nothing')),
};

describe.each(Object.entries(BODIES))('a successful answer whose body %s', (_what, spoil) => {
  it.each(Object.entries(CALLS))('causes a typed error in %s and changes nothing', async (_name, call) => {
    proxy.spoil = spoil;

    const error: unknown = await call().catch((thrown: unknown) => thrown);

    expect(isEncryptedStorageError(error) ? error.code : String(error)).toBe('INVALID_SERVICE_RESPONSE');
    proxy.clear();
    expect(await notes.getEntity('p', '0')).toMatchObject({ text: 'text 0' });
  });
});

describe('a row with an invalid number', () => {
  it('causes a typed error', async () => {
    proxy.spoil = changed((row) => (row['ward@odata.type'] = 'Edm.Int64'));

    await expect(notes.getEntity('p', '0')).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
    await expect(listed()).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
  });
});

describe('an answer for another entity', () => {
  it.each(['PartitionKey', 'RowKey'])('with another %s causes a typed error', async (name) => {
    proxy.spoil = changed((row) => (row[name] = 'other'));

    await expect(notes.getEntity('p', '0')).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
    await expect(notes.updateEntity(patch, 'Merge')).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
  });
});

describe('a page', () => {
  it('with half of a continuation token causes a typed error instead of ending the listing', async () => {
    proxy.spoil = ({ answer }) => {
      delete answer.headers['x-ms-continuation-nextpartitionkey'];
      return false;
    };

    await expect(listed()).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
  });

  it('can be empty, or have rows of a projection without ETag', async () => {
    expect(await listed({ queryOptions: { filter: "PartitionKey eq 'none'" } })).toBe('');

    proxy.spoil = BODIES['has no ETag'] ?? proxy.spoil;
    expect(await listed({ queryOptions: { select: ['rowKey'] } })).toBe('012');
  });
});

describe('columns named like properties of the SDK', () => {
  it('do not hide the keys and the ETag of their row', async () => {
    const columns = { partitionKey: 'x', rowKey: 5, etag: '*' };
    proxy.spoil = changed((row) => Object.assign(row, columns));

    const found = await notes.getEntity('p', '0');

    expect(found).toMatchObject({ ...KEYS, text: 'text 0' });
    expect(found.etag).toMatch(/^W\//);
    expect(await listed()).toBe('012');
  });
});

describe('an answer to a transaction', () => {
  const actions = [
    ['upsert', { partitionKey: 't', rowKey: 'a', text: 'a', ward: 'w' }, 'Replace'],
    ['upsert', { partitionKey: 't', rowKey: 'b', text: 'b', ward: 'w' }, 'Replace'],
  ] as const;

  it.each<[string, (body: string) => string]>([
    ['is emptied', () => ''],
    ['is cut', (body) => body.slice(0, body.length / 2)],
    ['has a part without status', (body) => body.replace(/HTTP\/1\.1 \d+/, '')],
    ['has a part that failed', (body) => body.replace(/HTTP\/1\.1 204/, 'HTTP/1.1 409')],
  ])('that %s causes a typed error', async (_what, change) => {
    proxy.spoil = withBody(change);

    await expect(notes.submitTransaction(actions)).rejects.toMatchObject({ code: 'INVALID_SERVICE_RESPONSE' });
  });
});

describe("the caller's onResponse", () => {
  it('is called with each answer, including errors', async () => {
    const statuses: number[] = [];
    const onResponse = ({ status }: { readonly status: number }): void => void statuses.push(status);

    await notes.getEntity('p', '0', { onResponse });
    await listed({ onResponse, where: notes.where('partitionKey', 'eq', 'p') });
    await expect(notes.getEntity('p', 'none', { onResponse })).rejects.toMatchObject({ statusCode: 404 });

    expect(statuses).toEqual([200, 200, 200, 404]);
    expect(await direct.getEntity('p', '0')).toMatchObject({ text: 'text 0' });
  });
});
