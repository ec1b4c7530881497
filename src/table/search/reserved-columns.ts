/** Columns that belong to the format, so no entity has properties of these names. */
import { TAG_PREFIX } from '../../decorators/searchable.js';
import { isReservedProperty } from '../../wire/entity-metadata.js';

export const isTagColumn = (column: string): boolean => column.startsWith(TAG_PREFIX);

export const propertyOfTag = (column: string): string => column.slice(TAG_PREFIX.length);

export const isReservedColumn = (column: string): boolean => isReservedProperty(column) || isTagColumn(column);
