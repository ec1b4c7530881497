/** Actions of a transaction: one partition, one policy, a content key for each row, and optionally an entity class for each. */
import type { TableEntity, TransactionAction, UpdateMode, UpdateTableEntityOptions } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { keysOf } from '../envelope/encryption-policy.js';
import { InvalidOptionsError } from '../errors/input.js';
import { boundedMap } from '../streams/bounded-map.js';
import { assertEntityClass } from './entity-class.js';
import type { EntityKeys, Row, TableContext } from './entity-context.js';
import type { ChangedEntity, StorableEntity } from './entity-types.js';
import { sealEntity } from './entity-envelope.js';
import { integrityTagOf } from './entity-integrity-tag.js';
import { givenEntity } from './given-entity.js';
import { isChanged, isMissing, isTaken } from '../service-errors.js';
import { ATTEMPTS, mergeUnderEtag } from './merge/attempts.js';
import {
  assertMergeable,
  isClearMerge,
  isUnprotected,
  type Merge,
  plannedUpdate,
  plannedUpsert,
} from './merge/merge-plan.js';
import { hasLookups, type RowVersions, writeWithEntries } from './lookup/entry-writes.js';
import {
  conditionOf,
  isAny,
  readTags,
  readTagsIfAny,
  refuseVersion,
  type RowCall,
  type TaggedVersion,
} from './row-writes.js';
import { submittedTransaction } from './service-answer.js';
import { assertActions, assertKind } from './update-mode.js';
import type { EncryptedTransactionResponse } from './write-responses.js';

/** Options of one action of a transaction. */
export interface EncryptedActionOptions {
  /** The class of this row, if it is not that of the table client. */
  readonly entityClass?: EntityClass;
}

/** Keys under other names than those of the SDK. */
type NamedKeys<T> = 'partitionKey' | 'rowKey' extends keyof T ? never : Partial<T>;

/** `T` is the entity of the table client. A row of another class is typed by its content. */
export type EncryptedTransactionAction<T extends object> =
  | readonly ['create', StorableEntity<T> | TableEntity, EncryptedActionOptions?]
  | readonly ['delete', EntityKeys | NamedKeys<T>, EncryptedActionOptions?]
  | readonly [
      'update',
      ChangedEntity<T> | TableEntity,
      UpdateMode?,
      (UpdateTableEntityOptions & EncryptedActionOptions)?,
    ]
  | readonly ['upsert', ChangedEntity<T> | TableEntity, UpdateMode?, EncryptedActionOptions?];

interface Transaction<T extends object> extends RowCall {
  readonly actions: readonly EncryptedTransactionAction<T>[];
  readonly mergeAttempts?: number;
}

/** An action as it is sent, and whether it is a merge that may be retried. */
interface SealedAction {
  readonly action: TransactionAction;
  readonly rewrites?: 'update' | 'upsert' | undefined;
  /** What the action changes in the lookup table. */
  readonly versions?: RowVersions;
}

/**
 * All or nothing. If a row to merge was changed in the meantime, nothing is written, and the whole transaction is sealed and sent
 * again.
 */
export async function submitTransaction<T extends object>({
  table,
  context,
  actions: given,
  options,
  mergeAttempts = ATTEMPTS,
}: Transaction<T>): Promise<EncryptedTransactionResponse> {
  assertActions(given);
  for (const action of given) assertKind(action);
  const actions = given.map((action) => givenAction(action, context.entityClass));
  if (actions.length === 0) throw new InvalidOptionsError(['a transaction needs at least one action']);
  assertOnePartition(actions);
  for (const action of actions) assertAction(action, context);
  let sealed: readonly SealedAction[] = [];
  return mergeUnderEtag({
    attempts: mergeAttempts,
    isConflict: (error) => isMergeConflict(error, sealed),
    attempt: async () => {
      sealed = await boundedMap(actions, keysOf(context.policy).concurrency, (action) =>
        sealAction(action, { table, context, options }),
      );
      const planned = sealed.map(({ action }) => action);
      const versions = sealed.flatMap(({ versions: own }) => (own === undefined ? [] : [own]));
      const response = await writeWithEntries(versions, context, () => submittedTransaction(table, planned, options));
      return { ...response, integrityTags: planned.map(([, row]) => integrityTagOf(row)) };
    },
  });
}

/** The SDK checks it too, but when entries of the rows are already in the lookup table. */
function assertOnePartition(actions: readonly GivenAction[]): void {
  const partitions = new Set(actions.map(([, { partitionKey }]) => partitionKey));
  if (partitions.size > 1) throw new InvalidOptionsError(['all actions of a transaction must be in one partition']);
}

/** The service identifies the failed action by its index: `1:The update condition ...`. */
function isMergeConflict(error: unknown, sealed: readonly SealedAction[]): boolean {
  const index = /^(\d+):/.exec((error as Error | null)?.message ?? '')?.[1];
  const failed = index === undefined ? sealed : sealed.slice(Number(index), Number(index) + 1);
  return failed.some(
    ({ rewrites }) =>
      (rewrites !== undefined && isChanged(error)) || (rewrites === 'upsert' && (isTaken(error) || isMissing(error))),
  );
}

type GivenAction =
  | readonly ['create', Row & EntityKeys, EncryptedActionOptions?]
  | readonly ['delete', EntityKeys, EncryptedActionOptions?]
  | readonly ['update' | 'upsert', Row & EntityKeys, UpdateMode?, (UpdateTableEntityOptions & EncryptedActionOptions)?];

/** A copy, whose keys have the names of the SDK. */
function givenAction<T extends object>(action: EncryptedTransactionAction<T>, entityClass: EntityClass): GivenAction {
  const [kind, entity, ...rest] = action;
  const { entityClass: own = entityClass } = optionsOf(action) ?? {};
  return [kind, givenEntity(entity, own), ...rest] as unknown as GivenAction;
}

function optionsOf<T extends object>(
  action: GivenAction | EncryptedTransactionAction<T>,
): EncryptedActionOptions | undefined {
  return action[0] === 'create' || action[0] === 'delete' ? action[2] : action[3];
}

/** Throws for what cannot be stored before anything is sent, even before rows are read for other actions. */
function assertAction(action: GivenAction, context: TableContext): void {
  const [kind] = action;
  if (kind === 'upsert' || kind === 'delete') refuseVersion(kind, optionsOf(action));
  if (kind === 'delete') return;
  assertMergeable({ patch: action[1], context: contextOf(context, optionsOf(action)) });
}

async function sealAction(action: GivenAction, { table, context, options }: RowCall): Promise<SealedAction> {
  if (action[0] === 'delete') {
    const { entityClass = context.entityClass } = action[2] ?? {};
    const write = { table, context: { ...context, entityClass }, options };
    return deleteAction(action[1], write);
  }
  if (action[0] === 'create') {
    const rowContext = contextOf(context, action[2]);
    const after = await sealEntity(action[1], rowContext);
    return { action: ['create', after], versions: { before: null, after, entityClass: rowContext.entityClass } };
  }
  const [kind, entity, mode = 'Replace', { entityClass, ...passed } = {}] = action;
  const rowContext = contextOf(context, { entityClass });
  const write = { table, context: rowContext, options };
  if (mode !== 'Merge') return replaceAction(kind, { row: await sealEntity(entity, rowContext), passed }, write);
  return mergeAction(kind, { ...write, patch: entity }, passed);
}

async function deleteAction(keys: EntityKeys, write: RowCall): Promise<SealedAction> {
  const { entityClass } = write.context;
  const { partitionKey, rowKey } = keys;
  const action: TransactionAction = ['delete', { partitionKey, rowKey }];
  if (!hasLookups(entityClass)) return { action };
  const { row: before } = await readTags(keys, write);
  return { action, versions: { before, after: null, entityClass } };
}

interface Replacement {
  readonly row: Row & EntityKeys;
  readonly passed: UpdateTableEntityOptions;
}

async function replaceAction(
  kind: 'update' | 'upsert',
  { row, passed }: Replacement,
  write: RowCall,
): Promise<SealedAction> {
  const { entityClass } = write.context;
  if (!hasLookups(entityClass))
    return { action: kind === 'update' ? ['update', row, 'Replace', passed] : ['upsert', row, 'Replace'] };
  const before = kind === 'update' ? await readTags(row, write) : await readTagsIfAny(row, write);
  return overwriteAction(kind, { before, row, passed }, entityClass);
}

async function mergeAction(
  kind: 'update' | 'upsert',
  merge: Merge,
  passed: UpdateTableEntityOptions,
): Promise<SealedAction> {
  assertMergeable(merge);
  if (kind === 'upsert' && isUnprotected(merge)) return { action: ['upsert', merge.patch, 'Merge'] };
  if (kind === 'update' && isClearMerge(merge))
    return { action: ['update', merge.patch, 'Merge', { ...passed, etag: passed.etag ?? '*' }] };
  const planned = kind === 'update' ? await plannedUpdate(merge) : await plannedUpsert(merge);
  return overwriteAction(kind, { ...planned, passed }, merge.context.entityClass);
}

/** Stores a row in place of the version that was read, or inserts it if none was there. */
function overwriteAction(
  kind: 'update' | 'upsert',
  { before, row, passed }: Replacement & { readonly before: TaggedVersion | null },
  entityClass: EntityClass,
): SealedAction {
  const versions = { before: before?.row ?? null, after: row, entityClass };
  if (before === null) return { action: ['create', row], rewrites: 'upsert', versions };
  const etag = conditionOf(passed.etag, before);
  const rewrites = isAny(passed.etag) ? kind : undefined;
  return { action: ['update', row, 'Replace', { ...passed, etag }], rewrites, versions };
}

function contextOf(context: TableContext, options: EncryptedActionOptions | undefined): TableContext {
  const entityClass = options?.entityClass ?? context.entityClass;
  assertEntityClass(entityClass, context.policy);
  return { ...context, entityClass };
}
