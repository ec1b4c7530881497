/** Evaluates comparisons as the service does, on rows that it returned. */
import { isDate, isUint8Array } from 'node:util/types';
import { asBuffer } from '../../crypto/bytes.js';
import type { Row } from '../entity-context.js';
import { convertedValues } from '../entity-instance.js';
import { sdkNameOf } from '../key-names.js';
import { isTyped } from '../stored-value.js';
import type { Comparison, FilterComparison } from './condition.js';

const HOLDS: Readonly<Record<FilterComparison, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
};

/**
 * Whether a comparison holds in a row, whose values are converted. `null` if that cannot be known: times may differ in digits
 * that a `Date` does not have. A missing column equals nothing.
 */
export function holds({ column, operator, value }: Comparison, row: Row): boolean | null {
  const found = row[sdkNameOf(column)];
  const wanted = convertedValues({ wanted: value })['wanted'];
  if (isDate(wanted)) return timesHold(found, wanted, operator);
  const order = orderOf(found, wanted);
  return order !== null && HOLDS[operator](order);
}

function timesHold(found: unknown, wanted: Date, operator: FilterComparison): boolean | null {
  const time = isDate(found) ? found.getTime() : Date.parse(typeof found === 'string' ? found : '');
  if (Number.isNaN(time)) return false;
  return time === wanted.getTime() ? null : HOLDS[operator](time - wanted.getTime());
}

/** Negative, 0 or positive; `null` for values of different types. Strings are in the order of their UTF-16 units. */
function orderOf(found: unknown, wanted: unknown): number | null {
  if (isUint8Array(found) && isUint8Array(wanted)) return Buffer.compare(asBuffer(found), asBuffer(wanted));
  const [one, other] = [ranked(found), ranked(wanted)];
  if (one === null || other?.kind !== one.kind) return null;
  if (one.value < other.value) return -1;
  return one.value > other.value ? 1 : 0;
}

interface Ranked {
  readonly kind: string;
  readonly value: string | number | bigint | boolean;
}

function ranked(value: unknown): Ranked | null {
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'number', value };
  if (typeof value === 'string' || typeof value === 'boolean') return { kind: typeof value, value };
  return isTyped(value) ? { kind: value.type, value: String(value.value).toLowerCase() } : null;
}
