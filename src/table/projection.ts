/** Projections: opening and verifying a row needs more columns than were asked for; the caller gets what was asked for. */
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';

const KEY_COLUMNS = new Map([
  ['partitionKey', 'PartitionKey'],
  ['rowKey', 'RowKey'],
]);
const COLUMNS = new Map([...KEY_COLUMNS, ['timestamp', 'Timestamp']]);

export interface Projection {
  /** What the service is asked for; `undefined` for all. */
  readonly select?: string[];
  /** Whether the service is asked for a column: one that is listed in the row has to come. */
  readonly isAsked: (name: string) => boolean;
  /** Removes what was added. */
  readonly narrow: (entity: object) => object;
}

/** What reading needs beside the columns that the caller names. */
export interface ProjectionNeeds {
  /** Properties whose `when` is evaluated on the row. It may look at any column, so where one is asked for all are. */
  readonly conditional?: readonly string[];
  /** Signed properties that are filtered by: a row that is found by a value must have it. */
  readonly filtered?: readonly string[];
}

const isAsked = (): boolean => true;

export function projectionOf(
  select: readonly string[] | undefined,
  { conditional = [], filtered = [] }: ProjectionNeeds = {},
): Projection {
  const asked = select?.map(columnOf);
  if (asked === undefined || asked.length === 0 || asked.includes('*')) return { isAsked, narrow: (entity) => entity };
  if (conditional.some((name) => asked.includes(name))) {
    const isOut = (name: string): boolean => !asked.includes(columnOf(name)) && !isOfAnswer(name);
    return { isAsked, narrow: (entity) => without(entity, isOut) };
  }
  const needed = [...asked, ...KEY_COLUMNS.values(), ...filtered];
  const added = needed.filter((column) => !asked.includes(column));
  return {
    select: [...new Set([...needed, ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY])],
    isAsked: (name) => needed.includes(name),
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
