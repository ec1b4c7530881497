/** Projections. Opening and verifying a row needs more columns than the caller requests; the caller gets only those. */
import { sdkColumnOf } from './key-names.js';
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';
import { KEY_COLUMNS } from './reserved-names.js';

export interface Projection {
  /** The columns to request; `undefined` for all. */
  readonly select?: string[];
  /** Whether a column is requested. A requested column that the row lists as sealed must be in the response. */
  readonly isAsked: (name: string) => boolean;
  /** Removes the columns that were added. */
  readonly narrow: (entity: object) => object;
}

/** What a read needs in addition to the columns that the caller names. */
interface ProjectionNeeds {
  /**
   * Properties with `when`, which is evaluated on the row. It may look at any column, so if one of them is requested, all columns
   * are.
   */
  readonly conditional?: readonly string[];
  /** Properties that the filter names and entries may cover: a row that is found by a value must have that value. */
  readonly filtered?: readonly string[];
  /** Columns that the filter is evaluated again on after decryption. */
  readonly evaluated?: readonly string[];
  /** The column of a property of the entity. */
  readonly columnOf?: (name: string) => string;
}

const isAsked = (): boolean => true;

type ColumnOf = NonNullable<ProjectionNeeds['columnOf']>;

export function projectionOf(
  select: readonly string[] = [],
  { conditional = [], filtered = [], evaluated = [], columnOf = sdkColumnOf }: ProjectionNeeds = {},
): Projection {
  const asked = select.flatMap(namesIn).map(columnOf);
  if (asked.length === 0 || asked.includes('*')) return { isAsked, narrow: (entity) => entity };
  if (conditional.some((name) => asked.includes(name) || evaluated.includes(name))) return ofWholeRow(asked, columnOf);
  const needed = [...asked, ...KEY_COLUMNS, ...filtered, ...evaluated];
  const added = needed.filter((column) => !asked.includes(column));
  return {
    select: [...new Set([...needed, ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY])],
    isAsked: (name) => needed.includes(name),
    narrow: (entity) => without(entity, (name) => added.includes(columnOf(name))),
  };
}

function ofWholeRow(asked: readonly string[], columnOf: ColumnOf): Projection {
  const isOut = (name: string): boolean => !asked.includes(columnOf(name)) && !isOfAnswer(name);
  return { isAsked, narrow: (entity) => without(entity, isOut) };
}

/** The service accepts a list of names, and ignores the space around them. */
const namesIn = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

/** Part of every response, no matter what was requested. */
const isOfAnswer = (name: string): boolean => name === 'etag' || name.startsWith('odata.');

function without(entity: object, isOut: (name: string) => boolean): object {
  for (const name of Object.keys(entity).filter(isOut)) Reflect.deleteProperty(entity, name);
  return entity;
}
