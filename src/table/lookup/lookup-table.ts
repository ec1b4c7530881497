/** The lookup table of one call: finds, writes and removes entries. */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import { tagColumnOf } from '../../decorators/searchable.js';
import { DuplicateValueError } from '../../errors/input.js';
import { InvalidServiceResponseError } from '../../errors/transfer.js';
import { isChanged, isMissing, isTaken, nullIfMissing, retryOnConflict } from '../../service-errors.js';
import type { EntityKeys, LookupTables, Row } from '../entity-context.js';
import { storedRow } from '../service-answer.js';
import { storedValue } from '../stored-value.js';
import { type EntryState, isSameRow, keysOfEntry, type LookupEntry, ownerIn, partitionOf } from './lookup-entry.js';
import { ATTEMPTS, isUpsertConflict } from '../merge/attempts.js';
import { KEY_COLUMNS } from '../reserved-names.js';

/** Milliseconds after which no request of an earlier write can still arrive. */
const SETTLED_AFTER = 3_600_000;

/** An entry as it is stored. */
export interface StoredEntry {
  readonly entry: LookupEntry;
  readonly etag: string;
}

/** An entry that was written for a row about to be written. */
export interface PlacedEntry extends StoredEntry {
  /** Whether nobody had written it before. */
  readonly isNew: boolean;
  /** Whether only this writer has made it pending. */
  readonly isToSettle: boolean;
}

/** What is known about a stored entry besides its owner. */
interface EntryAge {
  readonly state: EntryState;
  /** Milliseconds since it was written, by the service's clock. */
  readonly age: number;
}

export class LookupTable {
  constructor(
    private readonly tables: LookupTables,
    private readonly options: OperationOptions,
  ) {}

  get entries(): TableClient {
    return this.tables.entries;
  }

  /** The entry, if it is that of the row; `null` otherwise. */
  async find(entry: LookupEntry): Promise<StoredEntry | null> {
    return this.#findIf(entry, () => true);
  }

  /** The entry, if it belongs to the row and was written so long ago that no writer can still be about to write the row. */
  async findSettled(entry: LookupEntry): Promise<StoredEntry | null> {
    return this.#findIf(entry, ({ age }) => age >= SETTLED_AFTER);
  }

  /**
   * The entry of a row that is about to lose the tag, if it belongs to the row and no insert in progress relies on it. An insert
   * that begins later gives it another ETag.
   */
  async findRemovable(entry: LookupEntry): Promise<StoredEntry | null> {
    return this.#findIf(entry, ({ state, age }) => state === 'settled' || age >= SETTLED_AFTER);
  }

  async #findIf(entry: LookupEntry, isWanted: (age: EntryAge) => boolean): Promise<StoredEntry | null> {
    let now = Number.NaN;
    const stored = await this.#stored(entry, ({ headers }) => {
      now = Date.parse(headers.get('date') ?? '');
    });
    if (stored === null || !isOf(stored, entry)) return null;
    const age = now - Date.parse(String(storedValue(stored['timestamp'])));
    return isWanted({ state: stateIn(stored), age }) ? { entry, etag: stored.etag } : null;
  }

  /**
   * Writes an entry. If it exists, it gets a new ETag, so that nobody who saw it before can remove it.
   *
   * @throws `DUPLICATE_VALUE` if another row has the unique value
   */
  async place(entry: LookupEntry, state: EntryState): Promise<PlacedEntry> {
    const placed = await retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: this.options.abortSignal,
      isConflict: isUpsertConflict,
      attempt: () => this.#createOrTouch(entry, state),
    });
    if (!entry.isUnique) return placed;
    try {
      await this.#assertOnlyOne(entry);
      return placed;
    } catch (error) {
      await this.release([placed]);
      throw error;
    }
  }

  async #createOrTouch(entry: LookupEntry, state: EntryState): Promise<PlacedEntry> {
    try {
      const response = await this.entries.createEntity(asStored(entry, state), this.options);
      return { entry, etag: etagIn(response), isNew: true, isToSettle: state === 'pending' };
    } catch (error) {
      if (!isTaken(error)) throw error;
      return this.#touch(entry, state, error);
    }
  }

  /** Writes an existing entry; throws `taken` if it no longer exists. An entry that others have made pending stays pending. */
  async #touch(entry: LookupEntry, state: EntryState, taken: unknown): Promise<PlacedEntry> {
    const stored = await this.#stored(entry);
    if (stored === null) throw taken;
    if (entry.isUnique && !isOf(stored, entry)) throw new DuplicateValueError(entry.property);
    const before = stateIn(stored);
    const now = before === 'pending' ? before : state;
    const condition = { ...this.options, etag: stored.etag };
    const response = await this.entries.updateEntity(asStored(entry, now), 'Replace', condition);
    return { entry, etag: etagIn(response), isNew: false, isToSettle: now !== before };
  }

  /** Marks a placed entry as settled once no insert is in progress. If it stayed pending, a deletion would leave it behind. */
  async settle({ entry, etag, isToSettle }: PlacedEntry): Promise<void> {
    if (!isToSettle) return;
    await this.entries
      .updateEntity(asStored(entry, 'settled'), 'Replace', { ...this.options, etag })
      .catch(ignoreOvertaken);
  }

  /** Every writer first writes its own entry and then looks for the others, so of two at least one sees the other. */
  async #assertOnlyOne(entry: LookupEntry): Promise<void> {
    for (const tag of this.tables.olderTags.get(partitionOf(entry)) ?? []) {
      const stored = await this.#stored({ ...entry, tag });
      if (stored !== null && !isOf(stored, entry)) throw new DuplicateValueError(entry.property);
    }
  }

  /**
   * Takes back entries whose rows were not written: removes new ones, settles others. A write may have taken effect although its
   * response says otherwise, because it was sent twice. So each row is read first. Entries that cannot be removed stay: they only
   * cost searches a read.
   */
  async release(placed: readonly PlacedEntry[]): Promise<void> {
    for (const one of placed)
      await attempt(async () => {
        if (one.isNew && (await this.tagOf(one.entry)) !== one.entry.tag) await this.remove(one);
        else await this.settle(one);
      });
  }

  /** Removes entries of rows that are gone although the response to their deletion reported a failure. */
  async releaseGone(found: readonly StoredEntry[]): Promise<void> {
    for (const stored of found)
      await attempt(async () => {
        if ((await this.tagOf(stored.entry)) === null) await this.remove(stored);
      });
  }

  /** The tag that the row has for this property, `undefined` for none; `null` if the row does not exist. */
  async tagOf({ owner, property }: LookupEntry): Promise<unknown> {
    const column = tagColumnOf(property);
    const queryOptions = { select: [...KEY_COLUMNS, column] };
    const options = { ...this.options, queryOptions, disableTypeConversion: true };
    const row = await storedRow(this.tables.rows, owner, options).catch(nullIfMissing);
    return row === null ? null : storedValue(row[column]);
  }

  /** Removes an entry unless it was written again since. */
  async remove({ entry, etag }: StoredEntry): Promise<void> {
    const { partitionKey, rowKey } = keysOfEntry(entry);
    await this.entries.deleteEntity(partitionKey, rowKey, { ...this.options, etag }).catch(ignoreOvertaken);
  }

  async #stored(
    entry: LookupEntry,
    onResponse?: OperationOptions['onResponse'],
  ): Promise<(Row & { readonly etag: string }) | null> {
    const options = { ...this.options, onResponse, disableTypeConversion: true };
    return storedRow(this.entries, keysOfEntry(entry), options).catch(nullIfMissing);
  }
}

function isOf(stored: Row, { owner }: LookupEntry): boolean {
  const found = ownerIn(stored);
  return found !== null && isSameRow(found, owner);
}

const stateIn = (stored: Row): EntryState => (storedValue(stored['pending']) === undefined ? 'settled' : 'pending');

const asStored = (entry: LookupEntry, state: EntryState): Row & EntityKeys => ({
  ...keysOfEntry(entry),
  pk: entry.owner.partitionKey,
  rk: entry.owner.rowKey,
  ...(state === 'pending' ? { pending: true } : {}),
});

/** Another writer was faster. */
function ignoreOvertaken(error: unknown): void {
  if (!isChanged(error) && !isMissing(error)) throw error;
}

/** The error of the write is the one to throw. */
const attempt = (act: () => Promise<void>): Promise<void> => act().catch(() => undefined);

function etagIn({ etag }: { readonly etag?: string }): string {
  if (etag === undefined || etag === '') throw new InvalidServiceResponseError('has no ETag of the entry');
  return etag;
}
