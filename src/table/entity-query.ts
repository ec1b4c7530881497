/** What is requested from the service: a permitted filter, and the columns that decryption needs. */
import type { TableEntityQueryOptions } from '@azure/data-tables';
import type { TableContext } from './entity-context.js';
import { entityModel } from './entity-model.js';
import { Filter } from './filter/filter.js';
import { assertClearFilter } from './filter/filter-guard.js';
import { namesInFilter } from './filter/filter-names.js';
import { type Projection, projectionOf } from './projection.js';

/** Which rows are requested, and which of their properties. */
export interface EncryptedQueryOptions<T extends object> {
  readonly queryOptions?: TableEntityQueryOptions;
  /** A filter from {@link EncryptedTableClient.where}. If `queryOptions` has a filter too, both must hold. */
  readonly where?: Filter<T>;
  /**
   * Lets a filter of `queryOptions` name encrypted properties, which are then compared as ciphertext.
   *
   * @defaultValue false
   */
  readonly filterOnCiphertext?: boolean;
}

export interface EntityQuery {
  readonly queryOptions: TableEntityQueryOptions;
  readonly projection: Projection;
}

/** Throws `ENCRYPTED_PROPERTY_IN_FILTER` for a filter on a sealed property. */
export async function entityQuery<T extends object>(
  { queryOptions: { select, ...queryOptions } = {}, where, filterOnCiphertext = false }: EncryptedQueryOptions<T>,
  { entityClass, policy }: Pick<TableContext, 'entityClass' | 'policy'>,
): Promise<EntityQuery> {
  const { filter: text = '' } = queryOptions;
  if (!filterOnCiphertext) assertClearFilter(entityClass, text);
  const filter = joined(text, where === undefined ? undefined : await Filter.render(where, entityClass));
  const { sometimesSealed, signed } = entityModel(entityClass);
  const projection = projectionOf(select, {
    conditional: policy.requireEncryption ? sometimesSealed : [],
    // entries also cover whatever a condition has looked at, which the class does not list
    filtered: namesInFilter(filter ?? '').filter((name) => signed.has(name) || sometimesSealed.length > 0),
  });
  return {
    projection,
    queryOptions: {
      ...queryOptions,
      ...(filter === undefined ? {} : { filter }),
      ...(projection.select === undefined ? {} : { select: projection.select }),
    },
  };
}

function joined(text: string, where: string | undefined): string | undefined {
  if (text === '') return where;
  return where === undefined ? text : `(${text}) and (${where})`;
}
