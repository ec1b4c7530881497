/**
 * Writes rows together with their entries in the lookup table: new entries are written before the rows, old ones removed after
 * them. A failure in between can leave an extra entry, which costs searches a read, but never a missing one, which would hide the
 * row.
 *
 * This holds for two concurrent writers of one row, because each reads the row, then the entry that it will remove, then writes
 * its own entry, and then replaces the row under the ETag that it read. An insert has not read a row, so a row that existed when
 * it wrote its entry may be deleted before the insert. Its entry is pending until then, and the deletion leaves it.
 */
import type { EntityClass } from '../../decorators/encryption-metadata.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { statusOf } from '../../service-errors.js';
import { boundedMap } from '../../streams/bounded-map.js';
import type { EntityKeys, Row, TableContext } from '../entity-context.js';
import { entityModel } from '../entity-model.js';
import { entriesOf, type EntryState, isSameEntry, type LookupEntry } from './lookup-entry.js';
import { LookupTable, type PlacedEntry, type StoredEntry } from './lookup-table.js';

type StoredRow = Row & EntityKeys;

/** A row as it was read and as it will be stored; `null` where there is none. */
export interface RowVersions {
  readonly before: StoredRow | null;
  readonly after: StoredRow | null;
  /** The class of the row. */
  readonly entityClass: EntityClass;
}

/** Concurrent requests to the lookup table. */
const CONCURRENCY = 16;

export const hasLookups = (entityClass: EntityClass): boolean => entityModel(entityClass).lookedUp.size > 0;

/** `write` sends the rows, under the ETags that they were read with. Throws what it throws, and `DUPLICATE_VALUE`. */
export async function writeWithEntries<Result>(
  rows: readonly RowVersions[],
  context: TableContext,
  write: () => Promise<Result>,
): Promise<Result> {
  const { added, dropped, inserted } = changesIn(rows);
  if (added.length + dropped.length === 0) return write();
  const lookups = lookupsOf(context);
  const found = await boundedMap(dropped, CONCURRENCY, (entry) => lookups.findRemovable(entry));
  const leaving = found.filter((stored) => stored !== null);
  const placed = await placeAll(added, lookups, (entry) => (inserted.includes(entry) ? 'pending' : 'settled'));
  const result = await write().catch(async (error: unknown) => {
    if (isRefusal(error)) {
      await lookups.release(placed);
      await lookups.releaseGone(leaving);
    }
    throw error;
  });
  await settle({ placed, leaving }, context);
  return result;
}

/** Writes missing entries of a row that does not change. */
export async function placeEntries(entries: readonly LookupEntry[], context: TableContext): Promise<void> {
  if (entries.length > 0) await placeAll(entries, lookupsOf(context), () => 'settled');
}

export function lookupsOf({ lookups, operation }: TableContext): LookupTable {
  if (lookups !== undefined) return new LookupTable(lookups, operation ?? {});
  throw new InvalidOptionsError([
    'entity classes with "searchable.lookup" need the client of their lookup table: get table clients from the service',
  ]);
}

interface EntryChanges {
  readonly added: readonly LookupEntry[];
  readonly dropped: readonly LookupEntry[];
  /** Those of `added` whose rows are inserted. */
  readonly inserted: readonly LookupEntry[];
}

function changesIn(rows: readonly RowVersions[]): EntryChanges {
  const changes = rows.map(({ before, after, entityClass }) => {
    const old = before === null ? [] : entriesOf(before, entityClass);
    const now = after === null ? [] : entriesOf(after, entityClass);
    const added = without(now, old);
    return { added, dropped: without(old, now), inserted: before === null ? added : [] };
  });
  return {
    added: changes.flatMap(({ added }) => added),
    dropped: changes.flatMap(({ dropped }) => dropped),
    inserted: changes.flatMap(({ inserted }) => inserted),
  };
}

const without = (entries: readonly LookupEntry[], others: readonly LookupEntry[]): readonly LookupEntry[] =>
  entries.filter((entry) => !others.some((other) => isSameEntry(entry, other)));

async function placeAll(
  entries: readonly LookupEntry[],
  lookups: LookupTable,
  stateFor: (entry: LookupEntry) => EntryState,
): Promise<readonly PlacedEntry[]> {
  const placed: PlacedEntry[] = [];
  try {
    await boundedMap(entries, CONCURRENCY, async (entry) => {
      placed.push(await lookups.place(entry, stateFor(entry)));
    });
    return placed;
  } catch (error) {
    // includes all that were in progress when one failed
    await lookups.release(placed);
    throw error;
  }
}

/** Whether the service has rejected the write. Otherwise it may still take effect. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error) ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** The rows are written, so nothing here makes the call reject. A failure leaves an extra entry, which `reindex` removes. */
async function settle(
  { placed, leaving }: { readonly placed: readonly PlacedEntry[]; readonly leaving: readonly StoredEntry[] },
  context: TableContext,
): Promise<void> {
  const lookups = lookupsOf(context);
  await boundedMap(placed, CONCURRENCY, (entry) => lookups.settle(entry).catch(() => undefined));
  await boundedMap(leaving, CONCURRENCY, (stored) =>
    lookups.remove(stored).catch(() => {
      reportLeftover(stored, context);
    }),
  );
}

function reportLeftover({ entry }: StoredEntry, { table, onSearchTagMismatch }: TableContext): void {
  onSearchTagMismatch?.({ tableName: table, ...entry.owner, propertyName: entry.property, fault: 'leftover' });
}
