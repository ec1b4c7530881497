/** Projections: decryption needs more columns than were asked for; the caller gets what was asked for. */
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';

const KEY_COLUMNS = new Map([
  ['partitionKey', 'PartitionKey'],
  ['rowKey', 'RowKey'],
]);
const COLUMNS = new Map([...KEY_COLUMNS, ['timestamp', 'Timestamp']]);

export interface Projection {
  /** What the service is asked for; `undefined` for all. */
  readonly select?: string[];
  /** Removes what was added. */
  readonly narrow: (entity: object) => object;
}

/** `conditional`: properties whose `when` is evaluated on the row. It may look at any column, so where one is asked for all are. */
export function projectionOf(select: readonly string[] | undefined, conditional: readonly string[] = []): Projection {
  const asked = select?.map(columnOf);
  if (asked === undefined || asked.length === 0 || asked.includes('*')) return { narrow: (entity) => entity };
  if (conditional.some((name) => asked.includes(name))) {
    return { narrow: (entity) => without(entity, (name) => !asked.includes(columnOf(name)) && !isOfAnswer(name)) };
  }
  const added = [...KEY_COLUMNS.values()].filter((column) => !asked.includes(column));
  return {
    select: [...new Set([...asked, ...KEY_COLUMNS.values(), ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY])],
    narrow: (entity) => without(entity, (name) => added.includes(columnOf(name))),
  };
}

const columnOf = (name: string): string => COLUMNS.get(name) ?? name;

/** In every answer, whatever was asked for. */
const isOfAnswer = (name: string): boolean => name === 'etag' || name.startsWith('odata.');

function without(entity: object, isOut: (name: string) => boolean): object {
  for (const name of Object.keys(entity).filter(isOut)) Reflect.deleteProperty(entity, name);
  return entity;
}
