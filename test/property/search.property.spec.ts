import fc from 'fast-check';
import { Encrypt } from '../../src/decorators/encrypt.decorator.js';
import { EncryptedEntity } from '../../src/decorators/encrypted-entity.decorator.js';
import { Filterable } from '../../src/decorators/filterable.js';
import { Searchable } from '../../src/decorators/searchable.js';
import { HmacSearchKey } from '../../src/keys/hmac-search-key.js';
import type { Row, TableContext } from '../../src/table/entity-context.js';
import { openEntity, sealEntity } from '../../src/table/entity-envelope.js';
import { projectionOf } from '../../src/table/projection.js';
import { holds } from '../../src/table/filter/comparison.js';
import { comparisonsIn, type Condition, join } from '../../src/table/filter/condition.js';
import { FoundRows } from '../../src/table/search/found-rows.js';
import { asked, withTags } from '../../src/table/search/tag-conditions.js';
import { isLongRun, runs } from '../support/property-runs.js';
import { tablePolicy } from '../support/tables.js';

/** Few values and short tags, so that many rows match the tag of another value. */
function classOf(bits: number) {
  @EncryptedEntity<Item>({ table: 'items', clear: ['flag'] })
  class Item {
    [Filterable]?: 'flag';
    [Searchable]?: 'one' | 'two';
    partitionKey!: string;
    rowKey!: string;
    @Encrypt({ searchable: { bits } }) one!: string;
    @Encrypt<Item>({ searchable: { bits }, when: ({ flag }) => flag }) two!: string;
    flag!: boolean;
  }
  return Item;
}

const [older, newer] = [HmacSearchKey.generate(), HmacSearchKey.generate()];
const contextOf = (bits: number, isOld: boolean): TableContext => ({
  ...{ account: 'a', table: 'items', entityClass: classOf(bits) },
  policy: tablePolicy({ searchKeys: isOld ? { write: older } : { write: newer, read: [older] } }),
});
const VALUES = 20;
const rows = Array.from({ length: 30 }, (_, at) => ({
  ...{ partitionKey: 'p', rowKey: String(at), flag: at % 3 === 0 },
  ...{ one: `v${(at * 7) % VALUES}`, two: `v${(at * at) % VALUES}` },
}));

type Item = (typeof rows)[number];

const flags = fc
  .record({ operator: fc.constantFrom('eq' as const, 'ne' as const), value: fc.boolean() })
  .map(({ operator, value }): Condition => ({
    ...{ kind: 'comparison', column: 'flag', operator, literal: String(value), value },
  }));

const trees = fc.letrec<{ readonly tree: Condition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constant('search' as const),
      property: fc.constantFrom('one', 'two'),
      values: fc.array(
        fc.integer({ min: 0, max: VALUES }).map((value) => `v${value}`),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    flags,
    flags.map((part): Condition => ({ kind: 'not', part })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), tie('tree'), tie('tree'))
      .map(([kind, left, right]) => join(kind, left, right)),
  ),
})).tree;

/** The meaning of a filter, evaluated in memory. */
function isMet(condition: Condition, item: Item): boolean {
  if (condition.kind === 'comparison') return (condition.operator === 'eq') === (item.flag === condition.value);
  if (condition.kind === 'search') return condition.values.includes(item[condition.property as 'one']);
  if (condition.kind === 'not') return !isMet(condition.part, item);
  return condition.kind === 'and'
    ? condition.parts.every((part) => isMet(part, item))
    : condition.parts.some((part) => isMet(part, item));
}

/** Whether the service returns a row, by the columns that it has. */
function isAnswered(condition: Condition, row: Row): boolean {
  if (condition.kind === 'comparison') return holds(condition, row) === true;
  if (condition.kind === 'search') throw new Error('the service does not know sealed values');
  if (condition.kind === 'not') return !isAnswered(condition.part, row);
  return condition.kind === 'and'
    ? condition.parts.every((part) => isAnswered(part, row))
    : condition.parts.some((part) => isAnswered(part, row));
}

const ALL_BITS = Array.from({ length: 125 }, (_, at) => at + 4);
/** Short tags, which often match falsely, and lengths around full bytes and words. */
const isOrdinary = (bits: number): boolean => bits <= 12 || [0, 1, 7].includes(bits % 32);

it.each(ALL_BITS.filter((bits) => isLongRun || isOrdinary(bits)))(
  'finds exactly the rows that match a filter, with tags of %d bits, half of them under an older key',
  async (bits) => {
    const context = contextOf(bits, false);
    const stored = await Promise.all(
      rows.map(async (item, at) => [item, await sealEntity(item, contextOf(bits, at % 2 === 0))] as const),
    );
    const projection = projectionOf(undefined);

    await fc.assert(
      fc.asyncProperty(trees, async (condition) => {
        const resolved = await withTags(condition, context, 'p');
        const [question, found] = [asked(resolved), new FoundRows(resolved)];
        const keysIn = async (answered: typeof stored): Promise<readonly string[]> => {
          const opened = await Promise.all(answered.map(([, row]) => openEntity(row, context, { projection, found })));
          return opened.flatMap((entity) => (entity === null ? [] : [(entity as Item).rowKey]));
        };
        const expected = rows.filter((item) => isMet(condition, item)).map(({ rowKey }) => rowKey);

        expect(await keysIn(stored.filter(([, row]) => isAnswered(question, row)))).toEqual(expected);
        // a service that returns every row does not change the result, if nothing else is compared
        if (comparisonsIn(condition).length === 0) expect(await keysIn(stored)).toEqual(expected);
      }),
      { numRuns: runs(3) },
    );
  },
);
