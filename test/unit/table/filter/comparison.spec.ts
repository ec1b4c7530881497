import { holds } from '../../../../src/table/filter/comparison.js';
import type { FilterComparison } from '../../../../src/table/filter/condition.js';

const held = (found: unknown, operator: FilterComparison, value: unknown) =>
  holds({ kind: 'comparison', column: 'c', operator, literal: '', value }, { c: found });
const guid = (value: string) => ({ type: 'Guid', value });
const day = (text: string) => new Date(text);

it.each<readonly [found: unknown, wanted: unknown]>([
  ['a', 'b'],
  ['B', 'a'],
  ['\u{10ffff}', '\ue000'],
  [-1, 2],
  [1.5, { type: 'Double', value: 2 }],
  [2n ** 60n, 2n ** 60n + 1n],
  [5, { type: 'Int64', value: '6' }],
  [false, true],
  [Buffer.from([1]), Buffer.from([1, 0])],
  [guid('0a000000-0000-0000-0000-000000000000'), guid('0B000000-0000-0000-0000-000000000000')],
  [day('2026-01-01'), day('2026-01-02')],
  ['2026-01-01T00:00:00.0000001Z', day('2026-01-02')],
])('%p is less than %p', (less, more) => {
  expect(['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map((operator) => held(less, operator as 'eq', more))).toEqual([
    ...[false, true, true, true, false, false],
  ]);
});

it.each<readonly [found: unknown, wanted: unknown]>([
  ['a', 'a'],
  [0, -0],
  [5, 5n],
  [true, true],
  [Buffer.from([1]), new Uint8Array([1])],
  [guid('0a000000-0000-0000-0000-000000000000'), guid('0A000000-0000-0000-0000-000000000000')],
])('%p is %p', (found, wanted) => {
  expect(['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map((operator) => held(found, operator as 'eq', wanted))).toEqual([
    ...[true, false, false, true, false, true],
  ]);
});

it('does not compare times that differ only in digits that a Date does not have', () => {
  expect(held(day('2026-01-01'), 'eq', day('2026-01-01'))).toBeNull();
});

it.each([
  [undefined, 'a'],
  [null, 1],
  ['1', 1],
  [1, true],
  ['x', day('2026-01-01')],
])('%p cannot be compared with %p, not even as different', (found, wanted) => {
  expect(held(found, 'eq', wanted)).toBe(false);
  expect(held(found, 'ne', wanted)).toBe(false);
});

it('knows the columns that the SDK names differently', () => {
  const comparison = { kind: 'comparison', operator: 'eq', literal: '', value: 'x' } as const;
  const row = { partitionKey: 'x', rowKey: 'y' };

  expect(holds({ ...comparison, column: 'PartitionKey' }, row)).toBe(true);
  expect(holds({ ...comparison, column: 'RowKey' }, row)).toBe(false);
});
