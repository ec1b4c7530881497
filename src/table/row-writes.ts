/**
 * Inserts, replaces and deletes rows. Rows with entries in the lookup table are read first and written under the ETag that was read;
 * all others take one request.
 */
import type { OperationOptions } from '@azure/core-client';
import type { DeleteTableEntityResponse, TableClient, UpsertEntityResponse } from '@azure/data-tables';
import { tagColumnOf } from '../decorators/searchable.js';
import type { IntegrityTagged } from '../envelope/integrity/integrity-tag.js';
import { InvalidOptionsError } from '../errors/input.js';
import { InvalidServiceResponseError } from '../errors/transfer.js';
import { isChanged, nullIfMissing } from '../service-errors.js';
import type { EntityKeys, Row, TableContext } from './entity-context.js';
import { sealEntity } from './entity-envelope.js';
import { tagged } from './entity-integrity-tag.js';
import { entityModel } from './entity-model.js';
import { hasLookups, writeWithEntries } from './lookup/entry-writes.js';
import { type Attempted, ATTEMPTS, isUpsertConflict, mergeUnderEtag } from './merge/attempts.js';
import { KEY_COLUMNS } from './reserved-names.js';
import { storedRow } from './service-answer.js';
import type { EncryptedCreateResponse, EncryptedUpdateResponse, EncryptedUpsertResponse } from './write-responses.js';

type StoredRow = Row & EntityKeys;

/** A call that reads or writes one row. */
export interface RowCall {
  readonly table: TableClient;
  readonly context: TableContext;
  readonly options: OperationOptions;
}

/** A stored row, or only its tags, and its ETag. */
export interface TaggedVersion {
  readonly row: StoredRow;
  readonly etag: string;
}

export async function insertEntity(entity: StoredRow, write: RowCall): Promise<EncryptedCreateResponse> {
  return writeOver(null, await sealEntity(entity, write.context), write);
}

/** Replaces a row, with `etag` only that version. */
export async function replaceEntity(
  entity: StoredRow,
  write: RowCall,
  { etag, attempts = ATTEMPTS }: { readonly etag?: string | undefined; readonly attempts?: number | undefined },
): Promise<EncryptedUpdateResponse> {
  const { table, context, options } = write;
  const after = await sealEntity(entity, context);
  if (!hasLookups(context.entityClass)) {
    return { ...tagged(after, await table.updateEntity(after, 'Replace', { ...options, etag })), attempts: 1 };
  }
  return overwritten({ etag, attempts }, async () => {
    const before = await readTags(entity, write);
    return writeOver({ row: before.row, etag: conditionOf(etag, before) }, after, write);
  });
}

/** Stores a row in place of the version that was read, or inserts it if none was there. */
export function writeOver(
  before: TaggedVersion | null,
  after: StoredRow,
  { table, context, options }: RowCall,
): Promise<UpsertEntityResponse & IntegrityTagged> {
  const versions = { before: before?.row ?? null, after, entityClass: context.entityClass };
  return writeWithEntries([versions], context, async () =>
    tagged(
      after,
      before === null
        ? await table.createEntity(after, options)
        : await table.updateEntity(after, 'Replace', { ...options, etag: before.etag }),
    ),
  );
}

/** Replaces a row, or inserts it. */
export async function replaceOrInsert(
  entity: StoredRow,
  write: RowCall,
  { attempts = ATTEMPTS }: { readonly attempts?: number | undefined },
): Promise<EncryptedUpsertResponse> {
  const { table, context, options } = write;
  const after = await sealEntity(entity, context);
  if (!hasLookups(context.entityClass)) {
    return { ...tagged(after, await table.upsertEntity(after, 'Replace', options)), attempts: 1 };
  }
  return mergeUnderEtag({
    attempts,
    isConflict: isUpsertConflict,
    attempt: async () => writeOver(await readTagsIfAny(entity, write), after, write),
  });
}

/** Deletes a row, with `etag` only that version. */
export async function deleteEntity(
  keys: EntityKeys,
  write: RowCall,
  etag: string | undefined,
): Promise<DeleteTableEntityResponse> {
  const { table, context, options } = write;
  const { partitionKey, rowKey } = keys;
  const { entityClass } = context;
  if (!hasLookups(entityClass)) return table.deleteEntity(partitionKey, rowKey, { ...options, etag });
  const { attempts: _made, ...response } = await overwritten({ etag, attempts: ATTEMPTS }, async () => {
    const before = await readTags(keys, write);
    const condition = { ...options, etag: conditionOf(etag, before) };
    return writeWithEntries([{ before: before.row, after: null, entityClass }], context, () =>
      table.deleteEntity(partitionKey, rowKey, condition),
    );
  });
  return response;
}

/** Repeats a write if another writer was faster, unless the caller names the version. */
const overwritten = <Result extends object>(
  { etag, attempts }: { readonly etag: string | undefined; readonly attempts: number },
  attempt: () => Promise<Result>,
): Promise<Result & Attempted> =>
  mergeUnderEtag({ attempts: isAny(etag) ? attempts : 1, isConflict: isChanged, attempt });

/** The version that a write replaces: the caller's, or else the one that was read. */
export const conditionOf = (etag: string | undefined, { etag: read }: Pick<TaggedVersion, 'etag'>): string =>
  isAny(etag) ? read : etag;

const WITHOUT_VERSION = {
  upsert: 'an upsert replaces any version, so it cannot have an "etag": use an update',
  delete: 'a transaction deletes any version, so a delete in it cannot have an "etag": use deleteEntity',
} as const;

/** Rejects a version where the SDK would ignore it, and the changes of other writers would be lost. */
export function refuseVersion(kind: keyof typeof WITHOUT_VERSION, options: object = {}): void {
  const { etag } = options as { readonly etag?: string };
  if (!isAny(etag)) throw new InvalidOptionsError([WITHOUT_VERSION[kind]]);
}

/** Whether the caller names no version. */
export const isAny = (etag: string | undefined): etag is '*' | undefined => etag === undefined || etag === '*';

export async function readTags(
  { partitionKey, rowKey }: EntityKeys,
  { table, context, options }: RowCall,
): Promise<TaggedVersion> {
  const columns = [...entityModel(context.entityClass).lookedUp.keys()].map(tagColumnOf);
  const queryOptions = { select: [...KEY_COLUMNS, ...columns] };
  const row = await storedRow(
    table,
    { partitionKey, rowKey },
    { ...options, queryOptions, disableTypeConversion: true },
  );
  const { etag } = row;
  // without it the write would not be conditional
  if (typeof etag !== 'string' || etag === '') throw new InvalidServiceResponseError('has an entity without ETag');
  return { row, etag };
}

/** `null` if the row does not exist. */
export const readTagsIfAny = (keys: EntityKeys, write: RowCall): Promise<TaggedVersion | null> =>
  readTags(keys, write).catch(nullIfMissing);
