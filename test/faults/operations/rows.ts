/** Calls on entities: a row is completely old or new, and a transaction is all or nothing. */
import { Encrypt, EncryptedEntity, type EncryptedTableClient } from 'nestjs-azure-encrypted-storage';
import { describe, type Finding, lost, wrong } from '../outcome.js';
import { policyOf, type Storage, TABLE } from '../storage.js';
import type { Ground, Operation } from './operation.js';

@EncryptedEntity<Row>({ clear: ['ward'] })
export class Row {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt({ type: 'number' }) visits!: number;
  ward!: string;
}

type Values = Pick<Row, 'name' | 'visits' | 'ward'>;

const tableOf = (storage: Storage): EncryptedTableClient<Row> =>
  storage.tables(policyOf('1.0')).getTableClient(Row, TABLE);

const someValues = ({ random }: Ground): Values => ({
  name: random.text(random.between(0, 300)),
  visits: random.between(0, 1000),
  ward: random.text(5),
});

const rowOf = (ground: Ground, rowKey: string, values: Values): Row =>
  Object.assign(new Row(), { partitionKey: ground.name, rowKey, ...values });

const valuesOf = ({ name, visits, ward }: Values): string => JSON.stringify([name, visits, ward]);

type Found = Values | null;

async function read(ground: Ground, rowKey: string): Promise<Found> {
  return tableOf(ground.direct)
    .getEntity(ground.name, rowKey)
    .catch((error: unknown) => {
      if ((error as { statusCode?: unknown }).statusCode === 404) return null;
      throw error;
    });
}

const isSame = (found: Found, wanted: Found): boolean =>
  found === null || wanted === null ? found === wanted : valuesOf(found) === valuesOf(wanted);

interface Change {
  readonly rowKey: string;
  /** `null` if there is no row. */
  readonly before: Found;
  readonly after: Found;
}

/** All changes are stored or none; after a success, all of them. */
async function judgeRows(ground: Ground, changes: readonly Change[], succeeded: boolean): Promise<Finding | undefined> {
  const found: Found[] = [];
  for (const { rowKey } of changes) {
    const row = await read(ground, rowKey).catch((error: unknown) => describe(error));
    if (typeof row === 'string') return lost(`a row cannot be read: ${row}`);
    found.push(row);
  }
  if (changes.every(({ after }, at) => isSame(found[at]!, after))) return undefined;
  const isUntouched = changes.every(({ before }, at) => isSame(found[at]!, before));
  if (isUntouched) return succeeded ? lost('success, but the old rows') : undefined;
  return wrong(`rows that are neither old nor new: ${JSON.stringify(found).slice(0, 200)}`);
}

interface Step {
  readonly name: string;
  readonly changes: (ground: Ground) => readonly Change[];
  readonly run: (call: {
    table: EncryptedTableClient<Row>;
    ground: Ground;
    signal: AbortSignal;
    changes: readonly Change[];
  }) => Promise<unknown>;
}

const operationOf = ({ name, changes, run }: Step): Operation => ({
  name,
  protocols: ['1.0'],
  prepare: async (ground) => {
    const planned = changes(ground);
    for (const { rowKey, before } of planned)
      if (before !== null) await tableOf(ground.direct).createEntity(rowOf(ground, rowKey, before));
    return {
      run: (signal) => run({ table: tableOf(ground.through), ground, signal, changes: planned }),
      judge: ({ succeeded }) => judgeRows(ground, planned, succeeded),
    };
  },
});

const created = (ground: Ground): readonly Change[] => [{ rowKey: 'a', before: null, after: someValues(ground) }];
const replaced = (ground: Ground): readonly Change[] => [
  { rowKey: 'a', before: someValues(ground), after: someValues(ground) },
];
const merged = (ground: Ground): readonly Change[] => {
  const before = someValues(ground);
  return [{ rowKey: 'a', before, after: { ...before, name: 'merged' } }];
};

const STEPS: readonly Step[] = [
  {
    name: 'createEntity',
    changes: created,
    run: ({ table, ground, signal, changes: [change] }) =>
      table.createEntity(rowOf(ground, 'a', change!.after!), { abortSignal: signal }),
  },
  {
    name: 'updateEntity, Replace',
    changes: replaced,
    run: ({ table, ground, signal, changes: [change] }) =>
      table.updateEntity(rowOf(ground, 'a', change!.after!), 'Replace', { abortSignal: signal }),
  },
  {
    name: 'updateEntity, Merge',
    changes: merged,
    run: ({ table, ground, signal }) =>
      table.updateEntity({ partitionKey: ground.name, rowKey: 'a', name: 'merged' }, 'Merge', { abortSignal: signal }),
  },
  {
    name: 'upsertEntity, Replace',
    changes: (ground) => (ground.random.chance(0.5) ? created(ground) : replaced(ground)),
    run: ({ table, ground, signal, changes: [change] }) =>
      table.upsertEntity(rowOf(ground, 'a', change!.after!), 'Replace', { abortSignal: signal }),
  },
  {
    name: 'upsertEntity, Merge',
    changes: merged,
    run: ({ table, ground, signal }) =>
      table.upsertEntity({ partitionKey: ground.name, rowKey: 'a', name: 'merged' }, 'Merge', { abortSignal: signal }),
  },
  {
    name: 'deleteEntity',
    changes: (ground) => [{ rowKey: 'a', before: someValues(ground), after: null }],
    run: ({ table, ground, signal }) => table.deleteEntity(ground.name, 'a', { abortSignal: signal }),
  },
  {
    name: 'submitTransaction',
    changes: (ground) => {
      const before = someValues(ground);
      return [
        { rowKey: 'a', before: null, after: someValues(ground) },
        { rowKey: 'b', before: someValues(ground), after: someValues(ground) },
        { rowKey: 'c', before, after: { ...before, name: 'merged' } },
        { rowKey: 'd', before: someValues(ground), after: null },
      ];
    },
    run: ({ table, ground, signal, changes: [a, b] }) =>
      table.submitTransaction(
        [
          ['create', rowOf(ground, 'a', a!.after!)],
          ['update', rowOf(ground, 'b', b!.after!), 'Replace'],
          ['update', { partitionKey: ground.name, rowKey: 'c', name: 'merged' }, 'Merge'],
          ['delete', { partitionKey: ground.name, rowKey: 'd' }],
        ],
        { abortSignal: signal },
      ),
  },
];

const COUNT = 5;

const readOf = (name: string, run: (ground: Ground, signal: AbortSignal) => Promise<readonly Values[]>): Operation => ({
  name,
  protocols: ['1.0'],
  prepare: async (ground) => {
    const rows = Array.from({ length: name === 'getEntity' ? 1 : COUNT }, () => someValues(ground));
    for (const [at, values] of rows.entries())
      await tableOf(ground.direct).createEntity(rowOf(ground, String(at), values));
    return {
      run: (signal) => run(ground, signal),
      judge: async ({ succeeded, value }) => {
        if (!succeeded) return undefined;
        const found = (value as readonly Values[]).map(valuesOf);
        return found.join() === rows.map(valuesOf).join()
          ? undefined
          : wrong(`${found.length} rows that are not the expected ones`);
      },
    };
  },
});

const get = readOf('getEntity', async (ground, signal) => [
  await tableOf(ground.through).getEntity(ground.name, '0', { abortSignal: signal }),
]);

const list = readOf('listEntities', async (ground, signal) => {
  const rows: Values[] = [];
  const table = tableOf(ground.through);
  for await (const page of table
    .listEntities({ where: table.where('partitionKey', 'eq', ground.name), abortSignal: signal })
    .byPage({ maxPageSize: 2 }))
    rows.push(...page);
  return rows;
});

export const ROW_CALLS: readonly Operation[] = [...STEPS.map(operationOf), get, list];
