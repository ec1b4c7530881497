/**
 * Rows with Azurite: the plain SDK with values in plaintext, this package, and between them the plain SDK with rows
 * that are sealed and opened by hand-written code (row-by-hand.ts). That is the floor for encrypted rows: eleven binary
 * columns instead of ten strings, and encryption data, cost the SDK and the emulator the same whatever sealed them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import {
  type EncryptedTableClient,
  EncryptedTableService,
  type EncryptionPolicy,
  type KeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { BenchEntity, entityOf, hand, PAGE, rowPolicy } from './bench-rows.js';
import type { Lab } from './lab.js';
import { perOperation, perSecond } from './operations.js';
import type { Row } from './report.js';
import { medianOf, type Samples } from './rounds.js';
import { type Sample, takeSample } from './sample.js';
import type { StoredRow } from './row-by-hand.js';
import { FAR_KEY_PAGE_MS, WITH_EMULATOR } from './targets.js';

const SUBJECT = 'entities with 10 of 20 properties sealed, with Azurite';
const BATCH = 100;
const FAR_KEY_ROUNDS = 3;
/** The response time of a key service. */
const FAR_KEY_MS = 20;

/** The operations of all clients, under common names. */
interface Table {
  readonly insert: (rowKey: string) => Promise<unknown>;
  readonly insertMany: (rowKeys: readonly string[]) => Promise<unknown>;
  readonly get: (rowKey: string) => Promise<unknown>;
  readonly list: () => AsyncIterable<readonly unknown[]>;
}

/** Plaintext with the plain SDK, hand-written code with the plain SDK, and this package. */
type Found<S> = Readonly<Record<keyof Tables, Samples<S>>>;

interface Tables {
  readonly plain: Table;
  readonly hand: Table;
  readonly sealed: Table;
}

export async function rowsServed(lab: Lab): Promise<Row[]> {
  const connectionString = await lab.freshEmulator();
  const of = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const sealed = new EncryptedTableService(of, rowPolicy).getTableClient(BenchEntity, 'sealed');
  for (const table of [of('plain'), sealed]) await table.createTable();
  const tables = { plain: plainTable(of('plain')), hand: handTable(of('sealed')), sealed: sealedTable(sealed) };

  const inserted = await insertedBy(lab, tables);
  for (const table of [tables.plain, tables.sealed]) await fill(table);
  const count = countOf(lab);
  const get = (table: Table) => perOperation(count, (index) => table.get(`page-${index}`));
  const got = await lab.compare('entities: get', {
    plain: get(tables.plain),
    hand: get(tables.hand),
    sealed: get(tables.sealed),
  });
  const page = (table: Table) => () => readPage(table);
  const listed = await lab.compare('entities: pages of 1,000', {
    plain: page(tables.plain),
    hand: page(tables.hand),
    sealed: page(tables.sealed),
  });
  const far = sealedTable(new EncryptedTableService(of, farPolicy()).getTableClient(BenchEntity, 'sealed'));
  return [
    ...rateRows(lab, 'insert', inserted),
    ...rateRows(lab, 'get', got),
    ...pageRows(lab, listed),
    await farRow(lab, far),
  ];
}

const countOf = (lab: Lab): number => (lab.isQuick ? 20 : 100);

async function insertedBy(lab: Lab, { plain, hand, sealed }: Tables): Promise<Found<number>> {
  let rowNumber = 0;
  const insert = (table: Table) => perOperation(countOf(lab), () => table.insert(`single-${rowNumber++}`));
  return lab.compare('entities: insert', { plain: insert(plain), hand: insert(hand), sealed: insert(sealed) });
}

/** Opens the same rows with the delay of a key service, and without the cache. */
function farPolicy(): EncryptionPolicy {
  const { keyEncryptionKey: key } = rowPolicy;
  const far: KeyEncryptionKey = {
    keyId: key.keyId,
    wrapKey: (contentKey) => key.wrapKey(contentKey),
    unwrapKey: async (encryptedKey, algorithm) => {
      await delay(FAR_KEY_MS);
      return key.unwrapKey(encryptedKey, algorithm);
    },
  };
  return { ...rowPolicy, keyEncryptionKey: far, unwrapCache: false };
}

async function farRow(lab: Lab, table: Table): Promise<Row> {
  const rounds = lab.isQuick ? 1 : FAR_KEY_ROUNDS;
  const { page } = await lab.measure('entities: a key far away', { page: () => readPage(table) }, rounds);
  const ms = medianOf(page, ({ seconds }) => seconds * 1000);
  return {
    subject: SUBJECT,
    case: `a page of ${PAGE} rows, each asks a key that answers in ${FAR_KEY_MS} ms`,
    protocol: '1.0',
    unit: 'ms',
    encrypted: ms,
    ...(lab.isQuick ? {} : { targets: [{ what: 'ms', value: ms, atMost: FAR_KEY_PAGE_MS }] }),
  };
}

const BENCH_QUERY = { queryOptions: { filter: "RowKey lt 'q'" } };

const plainTable = (client: TableClient): Table => ({
  insert: (rowKey) => client.createEntity(entityOf(rowKey)),
  insertMany: (rowKeys) => client.submitTransaction(rowKeys.map((rowKey) => ['create', entityOf(rowKey)])),
  get: (rowKey) => client.getEntity('bench', rowKey),
  list: () => client.listEntities(BENCH_QUERY).byPage({ maxPageSize: PAGE }),
});

const handTable = (client: TableClient): Table => ({
  ...plainTable(client),
  insert: (rowKey) => client.createEntity(hand.seal(entityOf(rowKey))),
  get: async (rowKey) => hand.open(await client.getEntity<StoredRow>('bench', rowKey)),
  list: () => openedByHand(client.listEntities<StoredRow>(BENCH_QUERY).byPage({ maxPageSize: PAGE })),
});

async function* openedByHand(pages: AsyncIterable<readonly StoredRow[]>): AsyncGenerator<readonly object[]> {
  for await (const page of pages) yield page.map((row) => hand.open(row));
}

const sealedTable = (client: EncryptedTableClient<BenchEntity>): Table => ({
  insert: (rowKey) => client.createEntity(entityOf(rowKey)),
  insertMany: (rowKeys) => client.submitTransaction(rowKeys.map((rowKey) => ['create', entityOf(rowKey)])),
  get: (rowKey) => client.getEntity('bench', rowKey),
  list: () => client.listEntities(BENCH_QUERY).byPage({ maxPageSize: PAGE }),
});

async function fill(table: Table): Promise<void> {
  for (let at = 0; at < PAGE; at += BATCH) {
    await table.insertMany(Array.from({ length: BATCH }, (_, i) => `page-${at + i}`));
  }
}

const readPage = (table: Table): Promise<Sample> =>
  takeSample(async () => {
    let rows = 0;
    for await (const page of table.list()) rows += page.length;
    if (rows !== PAGE) throw new Error(`The page had ${rows} rows`);
  });

/** Microseconds for each row. */
interface Served {
  readonly kind: 'insert' | 'get' | 'page';
  readonly what: string;
  readonly us: Readonly<Record<keyof Found<unknown>, number>>;
  readonly quiet: string;
}

/** The floor, and the case that the bar applies to. */
function floorAndBar(lab: Lab, { kind, what, us, quiet }: Served): Row[] {
  const target = { what: 'ratio', value: us.plain / us.sealed, atLeast: WITH_EMULATOR[kind] };
  return [
    comparison(`${kind}, by hand and the plain SDK: the floor of the bar below`, us.plain, us.hand),
    { ...comparison(what, us.plain, us.sealed), quiet, ...(lab.isQuick ? {} : { targets: [target] }) },
  ];
}

const comparison = (what: string, plainUs: number, us: number): Row => ({
  subject: SUBJECT,
  case: what,
  protocol: '1.0',
  unit: '/s',
  plain: perSecond(plainUs),
  encrypted: perSecond(us),
  ratio: plainUs / us,
});

function rateRows(lab: Lab, kind: 'insert' | 'get', { plain, hand, sealed }: Found<number>): Row[] {
  const us = { plain: medianOf(plain, Number), hand: medianOf(hand, Number), sealed: medianOf(sealed, Number) };
  return floorAndBar(lab, { kind, what: kind, us, quiet: sealed.quiet });
}

function pageRows(lab: Lab, { plain, hand, sealed }: Found<Sample>): Row[] {
  const usOf = (samples: Samples<Sample>): number => (medianOf(samples, ({ seconds }) => seconds) * 1e6) / PAGE;
  const cpuMs = (samples: Samples<Sample>): number => medianOf(samples, ({ cpuSeconds }) => cpuSeconds * 1000);
  const added = Math.round(cpuMs(sealed) - cpuMs(hand));
  const what = `pages of ${PAGE} rows (${added} ms of CPU beyond the page by hand)`;
  const us = { plain: usOf(plain), hand: usOf(hand), sealed: usOf(sealed) };
  return floorAndBar(lab, { kind: 'page', what, us, quiet: sealed.quiet });
}
