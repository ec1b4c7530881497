/**
 * Entries of a lookup table, `<table>lookup`. They say which row has a search tag:
 *
 *     PartitionKey    <property> "." <tag>
 *     RowKey          SHA-256(LP(PartitionKey of the row) LP(RowKey of the row)), 64 hex digits; "unique" for a unique property
 *     pk, rk          Edm.String, the keys of the row
 *     pending         Edm.Boolean, true: a row is being inserted; absent otherwise
 *
 * LP(x) is the length of x as a big-endian u32, then x in UTF-8. Source: docs/formats.md, "Lookup tables".
 */
import { sha256 } from '../../crypto/bytes.js';
import { tagColumnOf } from '../../decorators/searchable.js';
import { lengthPrefixedList } from '../../encoding/length-prefixed.js';
import type { EntityKeys, Row } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { storedValue } from '../stored-value.js';

export const lookupTableOf = (table: string): string => `${table}lookup`;

const UNIQUE_ROW_KEY = 'unique';

export interface LookupEntry {
  readonly property: string;
  readonly tag: string;
  /** Whether the tag can have only one entry. */
  readonly isUnique: boolean;
  /** Keys of the row. */
  readonly owner: EntityKeys;
}

/** `pending`: an insert in progress relies on the entry, so nobody else removes it. */
export type EntryState = 'pending' | 'settled';

/** The entries that a row should have: one for each tag of a property with `lookup`. */
export function entriesOf(row: Row & EntityKeys, entityClass: EntityClass): readonly LookupEntry[] {
  const { partitionKey, rowKey } = row;
  return [...entityModel(entityClass).lookedUp].flatMap(([property, { lookup }]) => {
    const tag = storedValue(row[tagColumnOf(property)]);
    if (typeof tag !== 'string') return [];
    return [{ property, tag, owner: { partitionKey, rowKey }, isUnique: lookup === 'unique' }];
  });
}

export const partitionOf = ({ property, tag }: Pick<LookupEntry, 'property' | 'tag'>): string => `${property}.${tag}`;

export const keysOfEntry = (entry: LookupEntry): EntityKeys => ({
  partitionKey: partitionOf(entry),
  rowKey: entry.isUnique
    ? UNIQUE_ROW_KEY
    : sha256(lengthPrefixedList([entry.owner.partitionKey, entry.owner.rowKey])).toString('hex'),
});

export const isSameEntry = (one: LookupEntry, other: LookupEntry): boolean =>
  one.property === other.property && one.tag === other.tag && isSameRow(one.owner, other.owner);

export const isSameRow = (one: EntityKeys, other: EntityKeys): boolean =>
  one.partitionKey === other.partitionKey && one.rowKey === other.rowKey;

/** The keys of the row that a stored entry names; `null` if it names none. */
export function ownerIn({ pk, rk }: Row): EntityKeys | null {
  const [partitionKey, rowKey] = [storedValue(pk), storedValue(rk)];
  return typeof partitionKey === 'string' && typeof rowKey === 'string' ? { partitionKey, rowKey } : null;
}

const PARTITION = /^(.+)\.([0-9a-f]{6}\.[0-9a-f]{1,32})$/s;

/** The stored row as an entry; `null` if it does not have that form. Anyone who can write to the table may have put it there. */
export function shapedEntryIn(stored: Row & EntityKeys): LookupEntry | null {
  const owner = ownerIn(stored);
  const [, property, tag] = PARTITION.exec(stored.partitionKey) ?? [];
  if (owner === null || property === undefined || tag === undefined) return null;
  const entry = { property, tag, owner, isUnique: stored.rowKey === UNIQUE_ROW_KEY };
  return keysOfEntry(entry).rowKey === stored.rowKey ? entry : null;
}

/** The same; `null` also for an entry that the class does not have. */
export function entryIn(stored: Row & EntityKeys, entityClass: EntityClass): LookupEntry | null {
  const entry = shapedEntryIn(stored);
  if (entry === null) return null;
  const lookup = entityModel(entityClass).lookedUp.get(entry.property)?.lookup;
  return lookup !== undefined && (lookup === 'unique') === entry.isUnique ? entry : null;
}
