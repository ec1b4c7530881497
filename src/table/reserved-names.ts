/** Columns of a row that are not properties of its entity, so no property may have their names. */
import { TAG_PREFIX } from '../decorators/searchable.js';
import { isReservedProperty } from '../wire/entity-metadata.js';

/** The keys, as the service names their columns. */
export const KEY_COLUMNS = ['PartitionKey', 'RowKey'];

/** The keys, as the SDK names them. */
export const isKey = (name: string): boolean => name === 'partitionKey' || name === 'rowKey';

/** Set by the service, or by the SDK on reads. */
export const isSystemProperty = (name: string): boolean =>
  name === 'timestamp' || name === 'etag' || name.startsWith('odata.');

export const isTagColumn = (column: string): boolean => column.startsWith(TAG_PREFIX);

export const propertyOfTag = (column: string): string => column.slice(TAG_PREFIX.length);

export const isReservedColumn = (column: string): boolean => isReservedProperty(column) || isTagColumn(column);
