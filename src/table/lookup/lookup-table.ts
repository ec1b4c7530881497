/** The lookup table of one call: finds, writes and removes entries. */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import { tagColumnOf } from '../../decorators/searchable.js';
import { DuplicateValueError } from '../../errors/input.js';
import { InvalidServiceResponseError } from '../../errors/transfer.js';
import { isChanged, isMissing, isTaken, retryOnConflict } from '../../service-errors.js';
import type { EntityKeys, LookupTables, Row } from '../entity-context.js';
import { storedRow } from '../service-answer.js';
import { storedValue } from '../stored-value.js';
import { isSameRow, keysOfEntry, type LookupEntry, ownerIn, partitionOf } from './lookup-entry.js';

/** Milliseconds after which no request that a writer has begun can still arrive. */
const SETTLED_AFTER = 3_600_000;
/** How often an entry is written while others change it. */
const ATTEMPTS = 8;

/** An entry as it is stored. */
export interface StoredEntry {
  readonly entry: LookupEntry;
  readonly etag: string;
}

/** An entry that was written for a row that is written next. */
export interface PlacedEntry extends StoredEntry {
  /** Whether nobody had written it before. */
  readonly isNew: boolean;
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
    const stored = await this.#stored(entry);
    return stored !== null && isOf(stored, entry) ? { entry, etag: stored.etag } : null;
  }

  /** The entry, if it is that of the row and was written so long ago that no writer can still be about to write the row. */
  async findSettled(entry: LookupEntry): Promise<StoredEntry | null> {
    let now = Number.NaN;
    const stored = await this.#stored(entry, ({ headers }) => {
      now = Date.parse(headers.get('date') ?? '');
    });
    if (stored === null || !isOf(stored, entry)) return null;
    const written = Date.parse(String(storedValue(stored['timestamp'])));
    return now - written >= SETTLED_AFTER ? { entry, etag: stored.etag } : null;
  }

  /**
   * Writes an entry. If it is there, it gets a new ETag, so that nobody removes it who saw it before.
   *
   * @throws `DUPLICATE_VALUE` if another row has the unique value
   */
  async place(entry: LookupEntry): Promise<PlacedEntry> {
    const { result } = await retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: this.options.abortSignal,
      isConflict: (error) => isChanged(error) || isMissing(error) || isTaken(error),
      attempt: () => this.#createOrTouch(entry),
    });
    if (!entry.isUnique) return result;
    try {
      await this.#assertOnlyOne(entry);
      return result;
    } catch (error) {
      await this.release([result]);
      throw error;
    }
  }

  async #createOrTouch(entry: LookupEntry): Promise<PlacedEntry> {
    try {
      return { entry, etag: etagIn(await this.entries.createEntity(asStored(entry), this.options)), isNew: true };
    } catch (error) {
      if (!isTaken(error)) throw error;
      return this.#touch(entry, error);
    }
  }

  /** Writes an entry that is there; throws `taken` if it is gone by now. */
  async #touch(entry: LookupEntry, taken: unknown): Promise<PlacedEntry> {
    if (!entry.isUnique)
      return this.#touched(entry, this.entries.upsertEntity(asStored(entry), 'Replace', this.options));
    const stored = await this.#stored(entry);
    if (stored === null) throw taken;
    if (!isOf(stored, entry)) throw new DuplicateValueError(entry.property);
    const condition = { ...this.options, etag: stored.etag };
    return this.#touched(entry, this.entries.updateEntity(asStored(entry), 'Replace', condition));
  }

  async #touched(entry: LookupEntry, writing: Promise<{ readonly etag?: string }>): Promise<PlacedEntry> {
    return { entry, etag: etagIn(await writing), isNew: false };
  }

  /** Gives the entry of an inserted row a new ETag, or writes it again if somebody removed it before the row was there. */
  async confirm(placed: PlacedEntry): Promise<void> {
    const { entry, etag } = placed;
    if (!entry.isUnique) {
      await this.entries.upsertEntity(asStored(entry), 'Replace', this.options);
      return;
    }
    try {
      await this.entries.updateEntity(asStored(entry), 'Replace', { ...this.options, etag });
    } catch (error) {
      if (!isChanged(error) && !isMissing(error)) throw error;
      await this.place(entry);
    }
  }

  /** Every writer first writes its own entry and then looks for the others, so of two at least one sees the other. */
  async #assertOnlyOne(entry: LookupEntry): Promise<void> {
    for (const tag of this.tables.olderTags.get(partitionOf(entry)) ?? []) {
      const stored = await this.#stored({ ...entry, tag });
      if (stored !== null && !isOf(stored, entry)) throw new DuplicateValueError(entry.property);
    }
  }

  /**
   * Removes new entries of rows that were not written. A write may have been done although its response says otherwise, because it
   * was sent twice. So each row is read first. Entries that cannot be removed stay: they only cost searches a read.
   */
  async release(placed: readonly PlacedEntry[]): Promise<void> {
    for (const { entry, etag } of placed.filter(({ isNew }) => isNew))
      await this.#removeUnless((tag) => tag === entry.tag, { entry, etag });
  }

  /** Removes entries of rows that are gone although the response to their deletion says that it was not done. */
  async releaseGone(found: readonly StoredEntry[]): Promise<void> {
    for (const stored of found) await this.#removeUnless((tag) => tag !== null, stored);
  }

  async #removeUnless(isToStay: (tag: unknown) => boolean, stored: StoredEntry): Promise<void> {
    try {
      if (!isToStay(await this.tagOf(stored.entry))) await this.remove(stored);
    } catch {
      // the error of the write is the one to throw
    }
  }

  /** The tag that the row has in this property, `undefined` for none; `null` if there is no row. */
  async tagOf({ owner, property }: LookupEntry): Promise<unknown> {
    const column = tagColumnOf(property);
    const queryOptions = { select: ['PartitionKey', 'RowKey', column] };
    try {
      const row = await storedRow(this.tables.rows, owner, {
        ...this.options,
        queryOptions,
        disableTypeConversion: true,
      });
      return storedValue(row[column]);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** Removes an entry unless somebody has written it since. */
  async remove({ entry, etag }: StoredEntry): Promise<void> {
    const { partitionKey, rowKey } = keysOfEntry(entry);
    try {
      await this.entries.deleteEntity(partitionKey, rowKey, { ...this.options, etag });
    } catch (error) {
      if (!isChanged(error) && !isMissing(error)) throw error;
    }
  }

  async #stored(
    entry: LookupEntry,
    onResponse?: OperationOptions['onResponse'],
  ): Promise<(Row & { readonly etag: string }) | null> {
    try {
      const options = { ...this.options, onResponse, disableTypeConversion: true };
      return await storedRow(this.entries, keysOfEntry(entry), options);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }
}

function isOf(stored: Row, { owner }: LookupEntry): boolean {
  const found = ownerIn(stored);
  return found !== null && isSameRow(found, owner);
}

const asStored = (entry: LookupEntry): Row & EntityKeys => ({
  ...keysOfEntry(entry),
  pk: entry.owner.partitionKey,
  rk: entry.owner.rowKey,
});

function etagIn({ etag }: { readonly etag?: string }): string {
  if (etag === undefined || etag === '') throw new InvalidServiceResponseError('has no ETag of the entry');
  return etag;
}
