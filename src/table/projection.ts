/** Projections: decryption needs the keys and our two columns, the caller gets what he asked for. */
import { ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';

const KEY_COLUMNS = new Map([
  ['partitionKey', 'PartitionKey'],
  ['rowKey', 'RowKey'],
]);

export interface Projection {
  /** What the service is asked for; `undefined` for all. */
  readonly select?: string[];
  /** Removes what was added. */
  readonly narrow: (entity: object) => object;
}

export function projectionOf(select: readonly string[] | undefined): Projection {
  const asked = select?.map((name) => KEY_COLUMNS.get(name) ?? name);
  if (asked === undefined || asked.length === 0 || asked.includes('*')) return { narrow: (entity) => entity };
  const needed = [...KEY_COLUMNS.values(), ENCRYPTION_DATA_PROPERTY, SEALED_NAMES_PROPERTY];
  const added = [...KEY_COLUMNS].filter(([, column]) => !asked.includes(column)).map(([name]) => name);
  return {
    select: [...new Set([...asked, ...needed])],
    narrow: (entity) => {
      for (const name of added) Reflect.deleteProperty(entity, name);
      return entity;
    },
  };
}
