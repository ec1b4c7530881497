/**
 * An entity with 20 properties, 10 of them sealed: microseconds to seal and to open it, by step, pages, and entities a
 * second.
 */
import assert from 'node:assert/strict';
import { TableClient } from '@azure/data-tables';
import { BenchEntity, entityOf, hand, PAGE, rowPolicy as policy } from './support/bench-rows.js';
import { encryptionData, entityEnvelope, envelope, span, tablePage, timeSlice } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import { perOperation } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf, type Samples } from './support/rounds.js';
import { type Sample, takeSample } from './support/sample.js';
import { ENTITY_YARDSTICKS, floor, inYardsticks, PAGE_DELAY_MS, PAGE_ROW_YARDSTICKS } from './support/targets.js';
import { rowPrimitives } from './support/primitives.js';
import { rowsServed } from './support/rows-served.js';
import { yardstick } from './support/yardstick.js';

const MICRO_ROUNDS = 15;
/** Rows of a page that are opened at once: the default of the client. */
const PAGE_CONCURRENCY = 32;
const MICRO_COUNT = 1000;

const IN_MEMORY = 'entities with 10 of 20 properties sealed, in memory';

export const entities: Subject = {
  name: 'entities',
  run: async (lab) => [...(await inMemory(lab)), ...(await pageInMemory(lab)), ...(await rowsServed(lab))],
};

/** As in a client: nobody records the span of its call. */
const context = {
  ...{ policy, account: 'bench', table: 'bench', entityClass: BenchEntity },
  operation: span.startSpan('EncryptedTableClient.bench', {}).options,
};

/** What a page costs beyond the work of the SDK, garbage included. */
async function pageInMemory(lab: Lab): Promise<Row[]> {
  const rows = await Promise.all(
    Array.from({ length: PAGE }, (_, index) => entityEnvelope.sealEntity(entityOf(`page-${index}`), context)),
  );
  const table = TableClient.fromConnectionString('UseDevelopmentStorage=true', 'bench');
  const { page, byHand, yard } = await lab.compare('entities: a page in memory', {
    yard: async () => ({ ...NO_SAMPLE, cpuSeconds: (await yardstick(MICRO_COUNT)()) / 1e6 }),
    byHand: () => takeSample(async () => rows.map((row) => hand.open(row))),
    page: () => {
      const sliced = { ...context, slice: new timeSlice.TimeSlice() };
      const open = (row: (typeof rows)[number]) => entityEnvelope.openEntity(row, sliced);
      return takeSample(() => tablePage.openPage(rows, { table, concurrency: PAGE_CONCURRENCY, open }));
    },
  });
  const held = medianOf(page, ({ delayMax }) => delayMax);
  const rowUs = (medianOf(page, ({ cpuSeconds }) => cpuSeconds) * 1e6) / PAGE;
  const yardUs = medianOf(yard, ({ cpuSeconds }) => cpuSeconds * 1e6);
  const targets = [
    { ...inYardsticks(rowUs, yardUs, PAGE_ROW_YARDSTICKS), what: 'yardsticks of CPU a row' },
    { what: 'max ms', value: held, atMost: PAGE_DELAY_MS },
  ];
  const handYards = (medianOf(byHand, ({ cpuSeconds }) => cpuSeconds) * 1e6) / PAGE / yardUs;
  const ours = `the loop held for ${held.toFixed(1)} ms at most`;
  return [
    pageLine(`the same page by hand, of the bars below: ${handYards.toFixed(1)} yardsticks of CPU a row`, byHand),
    { ...pageLine(`open a page of ${PAGE} of them: ${ours}`, page), ...(lab.isQuick ? {} : { targets }) },
  ];
}

/** CPU time of a page, and the share of garbage collection. */
function pageLine(what: string, page: Samples<Sample>): Row {
  const cpuMs = medianOf(page, ({ cpuSeconds }) => cpuSeconds * 1000);
  const garbageMs = medianOf(page, ({ garbage }) => garbage.ms);
  const scavengeMs = medianOf(page, ({ garbage }) => garbage.longestScavenge);
  const otherMs = medianOf(page, ({ garbage }) => garbage.longestOther);
  return {
    subject: IN_MEMORY,
    case:
      `${what}; ${Math.round(cpuMs)} ms of CPU, ${Math.round(garbageMs)} of them collecting garbage, the longest scavenge ` +
      `${scavengeMs.toFixed(1)} ms, the longest other collection ${otherMs.toFixed(1)}`,
    protocol: '1.0',
    unit: 'ms',
    encrypted: medianOf(page, ({ seconds }) => seconds * 1000),
    quiet: page.quiet,
  };
}

/** A single figure. */
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
  assert.deepEqual({ ...(await entityEnvelope.openEntity(hand.seal(entity), context)) }, hand.open(row));
  const found = await lab.measure(
    'entity in memory',
    {
      yard: yardstick(ops),
      sealFloor: primitives.seal,
      openFloor: primitives.open,
      sealByHand: perOperation(ops, () => hand.seal(entity)),
      openByHand: perOperation(ops, () => hand.open(row)),
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
