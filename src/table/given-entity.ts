/** Entities as callers pass them. They may have getters, and may change while a row is read or a key is asked. */
import { isDate, isUint8Array } from 'node:util/types';
import type { EntityKeys, Row } from './entity-context.js';

/** A copy of what would be stored, so that what was checked and signed is what is sent. */
export const givenEntity = (entity: object): Row & EntityKeys =>
  Object.fromEntries(Object.entries<unknown>({ ...entity }).map(([name, value]) => [name, copyOf(value)])) as Row &
    EntityKeys;

function copyOf(value: unknown): unknown {
  if (isUint8Array(value)) return new Uint8Array(value);
  return isDate(value) ? new Date(value) : value;
}
