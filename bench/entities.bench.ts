/** An entity of 20 properties, 10 of them sealed: microseconds to seal and to open it, in parts, and entities a second. */
import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import {
  Encrypt,
  EncryptedEntity,
  type EncryptedTableClient,
  EncryptedTableService,
  type EncryptionPolicy,
  type KeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { encryptionData, entityEnvelope, envelope, span, tablePage, timeSlice } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import { perOperation, perSecond } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf, type Samples } from './support/rounds.js';
import { type Sample, takeSample } from './support/sample.js';
import {
  ENTITY_YARDSTICKS,
  FAR_KEY_PAGE_MS,
  inYardsticks,
  PAGE_DELAY_MS,
  PAGE_ROW_YARDSTICKS,
  WITH_EMULATOR,
} from './support/targets.js';
import { rowPrimitives } from './support/primitives.js';
import { rowByHand } from './support/row-by-hand.js';
import { yardstick } from './support/yardstick.js';
import { benchKey } from './support/transfer.js';

const SEALED = 10;
const CLEAR = 10;
const PAGE = 1000;
const BATCH = 100;
const MICRO_ROUNDS = 9;
/** Rows of a page that are opened at once; the client's default. */
const PAGE_CONCURRENCY = 32;
const FAR_KEY_ROUNDS = 3;
const MICRO_COUNT = 500;

/** Marked below, property by property. */
@EncryptedEntity({ table: 'sealed', clear: '*' })
class Entity {
  partitionKey = 'bench';
  rowKey = '';
}
const sealedNames = Array.from({ length: SEALED }, (_, i) => `sealed${i}`);
for (const name of sealedNames) (Encrypt() as PropertyDecorator)(Entity.prototype, name);
const properties = Object.fromEntries(
  [...sealedNames, ...Array.from({ length: CLEAR }, (_, i) => `clear${i}`)].map((name) => [
    name,
    `value of ${name}, `.repeat(3),
  ]),
);
const entityOf = (rowKey: string) => ({ partitionKey: 'bench', rowKey, ...properties });

/** What a key service takes to answer. */
const FAR_KEY_MS = 20;

const IN_MEMORY = 'entities with 10 of 20 properties sealed, in memory';

const policy = { protocol: '2.0', keyEncryptionKey: benchKey(), requireEncryption: true } as const;

export const entities: Subject = {
  name: 'entities',
  run: async (lab) => [...(await inMemory(lab)), await pageInMemory(lab), ...(await withEmulator(lab))],
};

/** As a client has it: the span of its call is the one that nobody sees. */
const context = {
  ...{ policy, account: 'bench', table: 'bench', entityClass: Entity },
  operation: span.startSpan('EncryptedTableClient.bench', {}).options,
};

/** What a page costs beyond what the SDK takes for it, garbage and all. */
async function pageInMemory(lab: Lab): Promise<Row> {
  const rows = await Promise.all(
    Array.from({ length: PAGE }, (_, index) => entityEnvelope.sealEntity(entityOf(`page-${index}`), context)),
  );
  const table = TableClient.fromConnectionString('UseDevelopmentStorage=true', 'bench');
  const { page, yard } = await lab.compare('entities: a page in memory', {
    yard: async () => ({ ...NO_SAMPLE, cpuSeconds: (await yardstick(MICRO_COUNT)()) / 1e6 }),
    page: () => {
      const sliced = { ...context, slice: new timeSlice.TimeSlice() };
      const open = (row: (typeof rows)[number]) => entityEnvelope.openEntity(row, sliced);
      return takeSample(() => tablePage.openPage(rows, { table, concurrency: PAGE_CONCURRENCY, open }));
    },
  });
  const cpuMs = medianOf(page, ({ cpuSeconds }) => cpuSeconds * 1000);
  const held = medianOf(page, ({ delayMax }) => delayMax);
  const garbageMs = medianOf(page, ({ garbage }) => garbage.ms);
  const scavengeMs = medianOf(page, ({ garbage }) => garbage.longestScavenge);
  const otherMs = medianOf(page, ({ garbage }) => garbage.longestOther);
  const yardUs = medianOf(yard, ({ cpuSeconds }) => cpuSeconds * 1e6);
  return {
    subject: IN_MEMORY,
    case:
      `open a page of ${PAGE} of them: ${Math.round(cpuMs)} ms of CPU, ${Math.round(garbageMs)} of them collecting garbage; the loop ` +
      `held for ${held.toFixed(1)} ms at most, by a scavenge for ${scavengeMs.toFixed(1)}, by another collection for ${otherMs.toFixed(1)}`,
    protocol: '1.0',
    unit: 'ms',
    encrypted: medianOf(page, ({ seconds }) => seconds * 1000),
    quiet: page.quiet,
    ...(lab.isQuick
      ? {}
      : {
          targets: [
            { ...inYardsticks((cpuMs * 1000) / PAGE, yardUs, PAGE_ROW_YARDSTICKS), what: 'yardsticks of CPU a row' },
            { what: 'max ms', value: held, atMost: PAGE_DELAY_MS },
          ],
        }),
  };
}

/** A figure alone. */
const NO_SAMPLE: Sample = {
  ...{ seconds: 0, cpuSeconds: 0, loopSeconds: 0, delayP50: 0, delayP99: 0, delayMax: 0 },
  garbage: { ms: 0, longestScavenge: 0, longestOther: 0 },
};

async function inMemory(lab: Lab): Promise<Row[]> {
  const target = { kind: 'table', account: 'bench', table: 'bench', partitionKey: 'bench', rowKey: '1' } as const;
  const entity = entityOf('1');
  const row = await entityEnvelope.sealEntity(entity, context);
  const text = row['_ClientEncryptionMetadata1'] as string;
  const data = encryptionData.parseEncryptionData(text);
  const sealing = { target, form: 'entity', operation: context.operation } as const;
  const sealedList = () => row['_ClientEncryptionMetadata2'] as Uint8Array;
  const written = (await envelope.createEnvelope(policy, sealing)).encryptionData;
  const ops = lab.isQuick ? 20 : MICRO_COUNT;

  const primitives = rowPrimitives(ops);
  const byHand = rowByHand(createSecretKey(Buffer.alloc(32, 'bench')), policy.keyEncryptionKey.keyId, sealedNames);
  assert.deepEqual({ ...(await entityEnvelope.openEntity(byHand.seal(entity), context)) }, byHand.open(row));
  const found = await lab.measure(
    'entity in memory',
    {
      yard: yardstick(ops),
      sealFloor: primitives.seal,
      openFloor: primitives.open,
      sealByHand: perOperation(ops, () => byHand.seal(entity)),
      openByHand: perOperation(ops, () => byHand.open(row)),
      seal: perOperation(ops, () => entityEnvelope.sealEntity(entity, context)),
      sealKey: perOperation(ops, () => envelope.createEnvelope(policy, sealing)),
      sealData: perOperation(ops, () => encryptionData.formatEncryptionData(written, 'entity')),
      open: perOperation(ops, () => entityEnvelope.openEntity(row, context)),
      openData: perOperation(ops, () => encryptionData.parseEncryptionData(text)),
      openKey: perOperation(ops, () => envelope.openEnvelope(policy, data, { ...sealing, sealedList })),
    },
    lab.isQuick ? 1 : MICRO_ROUNDS,
  );
  const us = (name: keyof typeof found): number => medianOf(found[name], (value) => value);
  const line = (what: string, encrypted: number, atMost?: number): Row => ({
    subject: IN_MEMORY,
    case: what,
    protocol: '1.0',
    unit: 'us',
    encrypted,
    ...(atMost === undefined || lab.isQuick ? {} : { targets: [inYardsticks(encrypted, us('yard'), atMost)] }),
  });
  return [
    line('the yardstick: A256KW wrap and AES-256-GCM of 1 KiB', us('yard')),
    line(floor('the primitives alone', us('sealFloor'), us('yard')), us('sealFloor')),
    line(floor('the same by hand', us('sealByHand'), us('yard')), us('sealByHand')),
    line('seal', us('seal'), ENTITY_YARDSTICKS.seal),
    line('- of it: content key, wrapped', us('sealKey')),
    line('- of it: encryption data', us('sealData')),
    line('- of it: properties and the rest', us('seal') - us('sealKey') - us('sealData')),
    line(floor('the primitives alone', us('openFloor'), us('yard')), us('openFloor')),
    line(floor('the same by hand', us('openByHand'), us('yard')), us('openByHand')),
    line('open', us('open'), ENTITY_YARDSTICKS.open),
    line('- of it: encryption data', us('openData')),
    line('- of it: content key, unwrapped', us('openKey')),
    line('- of it: properties and the rest', us('open') - us('openKey') - us('openData')),
  ];
}

/** What no package can do without. */
const floor = (what: string, us: number, yardUs: number): string =>
  `${what}, of the bar below: ${(us / yardUs).toFixed(1)} yardsticks`;

/** What both clients are asked for, under one name. */
interface Table {
  readonly insert: (rowKey: string) => Promise<unknown>;
  readonly insertMany: (rowKeys: readonly string[]) => Promise<unknown>;
  readonly get: (rowKey: string) => Promise<unknown>;
  readonly list: () => AsyncIterable<readonly unknown[]>;
}

async function withEmulator(lab: Lab): Promise<Row[]> {
  const connectionString = await lab.freshEmulator();
  const of = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const plain = of('plain');
  const sealed = new EncryptedTableService(of, policy).getTableClient(Entity, 'sealed');
  await plain.createTable();
  await sealed.createTable();
  const tables = { plain: plainTable(plain), sealed: sealedTable(sealed) };

  let rowNumber = 0;
  const count = lab.isQuick ? 20 : 100;
  const insert = (table: Table) => perOperation(count, () => table.insert(`single-${rowNumber++}`));
  const inserted = await lab.compare('entities: insert', {
    plain: insert(tables.plain),
    sealed: insert(tables.sealed),
  });
  const get = (table: Table) => perOperation(count, (index) => table.get(`page-${index}`));
  for (const table of Object.values(tables)) await fill(table);
  const got = await lab.compare('entities: get', { plain: get(tables.plain), sealed: get(tables.sealed) });
  const page = (table: Table) => () => readPage(table);
  const listed = await lab.compare('entities: pages of 1,000', {
    plain: page(tables.plain),
    // the same rows as they are stored: what opening them adds is ours alone
    unopened: page(plainTable(of('sealed'))),
    sealed: page(tables.sealed),
  });
  const far = sealedTable(new EncryptedTableService(of, farPolicy()).getTableClient(Entity, 'sealed'));
  const waited = await lab.measure('entities: a key far away', { page: page(far) }, lab.isQuick ? 1 : FAR_KEY_ROUNDS);
  return [
    rateRow(lab, 'insert', inserted),
    rateRow(lab, 'get', got),
    pageRow(lab, listed),
    farRow(
      lab,
      medianOf(waited.page, ({ seconds }) => seconds * 1000),
    ),
  ];
}

/** Opens the same rows, but answers like a key service; nothing is served from the cache. */
function farPolicy(): EncryptionPolicy {
  const { keyEncryptionKey: key } = policy;
  const far: KeyEncryptionKey = {
    keyId: key.keyId,
    wrapKey: (contentKey) => key.wrapKey(contentKey),
    unwrapKey: async (encryptedKey, algorithm) => {
      await delay(FAR_KEY_MS);
      return key.unwrapKey(encryptedKey, algorithm);
    },
  };
  return { ...policy, keyEncryptionKey: far, unwrapCache: false };
}

const farRow = (lab: Lab, ms: number): Row => ({
  subject: 'entities with 10 of 20 properties sealed, with Azurite',
  case: `a page of ${PAGE} rows, each asks a key that answers in ${FAR_KEY_MS} ms`,
  protocol: '1.0',
  unit: 'ms',
  encrypted: ms,
  ...(lab.isQuick ? {} : { targets: [{ what: 'ms', value: ms, atMost: FAR_KEY_PAGE_MS }] }),
});

const plainTable = (client: TableClient): Table => ({
  insert: (rowKey) => client.createEntity(entityOf(rowKey)),
  insertMany: (rowKeys) => client.submitTransaction(rowKeys.map((rowKey) => ['create', entityOf(rowKey)])),
  get: (rowKey) => client.getEntity('bench', rowKey),
  list: () => client.listEntities({ queryOptions: { filter: "RowKey lt 'q'" } }).byPage({ maxPageSize: PAGE }),
});

const sealedTable = (client: EncryptedTableClient<Entity>): Table => ({
  insert: (rowKey) => client.createEntity(entityOf(rowKey)),
  insertMany: (rowKeys) => client.submitTransaction(rowKeys.map((rowKey) => ['create', entityOf(rowKey)])),
  get: (rowKey) => client.getEntity('bench', rowKey),
  list: () => client.listEntities({ queryOptions: { filter: "RowKey lt 'q'" } }).byPage({ maxPageSize: PAGE }),
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

type Found<S> = Readonly<Record<'plain' | 'sealed', Samples<S>>>;

function rateRow(lab: Lab, what: 'insert' | 'get', found: Found<number>): Row {
  const us = { plain: medianOf(found.plain, Number), sealed: medianOf(found.sealed, Number) };
  return held(lab, comparison(what, us, found.sealed.quiet), WITH_EMULATOR[what]);
}

const held = (lab: Lab, row: Row, atLeast: number): Row =>
  lab.isQuick ? row : { ...row, targets: [{ what: 'ratio', value: row.ratio!, atLeast }] };

function comparison(what: string, us: Readonly<Record<'plain' | 'sealed', number>>, quiet: string): Row {
  return {
    subject: 'entities with 10 of 20 properties sealed, with Azurite',
    case: what,
    protocol: '1.0',
    unit: '/s',
    plain: perSecond(us.plain),
    encrypted: perSecond(us.sealed),
    ratio: us.plain / us.sealed,
    quiet,
  };
}

function pageRow(lab: Lab, found: Readonly<Record<'plain' | 'unopened' | 'sealed', Samples<Sample>>>): Row {
  const us = (samples: Samples<Sample>): number => (medianOf(samples, ({ seconds }) => seconds) * 1e6) / PAGE;
  const cpuMs = (samples: Samples<Sample>): number => medianOf(samples, ({ cpuSeconds }) => cpuSeconds * 1000);
  const added = cpuMs(found.sealed) - cpuMs(found.unopened);
  const row = comparison(
    `pages of ${PAGE} rows (${Math.round(added)} ms of CPU to open them)`,
    { plain: us(found.plain), sealed: us(found.sealed) },
    found.sealed.quiet,
  );
  return held(lab, row, WITH_EMULATOR.page);
}
