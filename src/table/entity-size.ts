/** Limits of the table service, checked before anything is sent, so that the error can name the property. */
import { InvalidEntityError, PayloadTooLargeError } from '../errors.js';
import { isReservedProperty } from '../wire/entity-metadata.js';
import type { Row } from './entity-context.js';
import { isTyped } from './property-value.js';

/** Bytes of one property; of one entity; and properties of the user's own beside the keys. */
export const PROPERTY_LIMIT = 64 * 1024;
export const ENTITY_LIMIT = 1024 * 1024;
export const PROPERTY_COUNT_LIMIT = 250;

/** Bytes that the service counts for an entity and for each property, beside names and values. */
const ENTITY_OVERHEAD = 4;
const PROPERTY_OVERHEAD = 8;
const SCALAR_LENGTH = 8;
const LENGTH_PREFIX = 4;

const SYSTEM = new Set(['partitionKey', 'rowKey', 'timestamp', 'etag']);

export function assertFits(row: Row): void {
  const properties = Object.entries(row).filter(([, value]) => value !== undefined && value !== null);
  const own = properties.filter(([name]) => !SYSTEM.has(name) && !isReservedProperty(name) && !name.startsWith('odata.'));
  if (own.length > PROPERTY_COUNT_LIMIT) {
    throw new InvalidEntityError(
      `The entity has ${own.length} properties, the limit is ${PROPERTY_COUNT_LIMIT} beside the keys: split it`,
    );
  }
  let total = ENTITY_OVERHEAD;
  for (const [name, value] of properties) {
    const length = valueLength(value);
    if (length > PROPERTY_LIMIT) throw new PayloadTooLargeError(`Property "${name}"`, PROPERTY_LIMIT, length);
    total += PROPERTY_OVERHEAD + name.length * 2 + length + LENGTH_PREFIX;
  }
  if (total > ENTITY_LIMIT) throw new PayloadTooLargeError('The entity', ENTITY_LIMIT, total);
}

/** Strings are stored as UTF-16. */
function valueLength(value: unknown): number {
  const plain = isTyped(value) ? value.value : value;
  if (typeof plain === 'string') return plain.length * 2;
  return plain instanceof Uint8Array ? plain.length : SCALAR_LENGTH;
}
