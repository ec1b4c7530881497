/** Actions of a transaction: one partition, one policy, a content key for each row, and an entity class for each if wanted. */
import type { TableEntity, TransactionAction, UpdateMode, UpdateTableEntityOptions } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { assertUpdateMode } from './update-mode.js';
import type { EntityKeys, TableContext } from './entity-context.js';
import { sealEntity } from './entity-envelope.js';
import { assertEntityClass } from './sealed-properties.js';

export interface EncryptedActionOptions {
  /** The class of this row where it is not the table client's. */
  readonly entityClass?: EntityClass;
}

/** `T` is the table client's entity; a row of another class is typed by what it holds. */
export type EncryptedTransactionAction<T extends object> =
  | readonly ['create', TableEntity<T> | TableEntity, EncryptedActionOptions?]
  | readonly ['delete', EntityKeys]
  | readonly [
      'update' | 'upsert',
      TableEntity<Partial<T>> | TableEntity,
      UpdateMode?,
      (UpdateTableEntityOptions & EncryptedActionOptions)?,
    ];

export async function sealAction<T extends object>(
  action: EncryptedTransactionAction<T>,
  context: TableContext,
): Promise<TransactionAction> {
  if (action[0] === 'delete') return [action[0], { ...action[1] }];
  if (action[0] === 'create') {
    const row = await sealEntity(action[1], contextOf(context, action[2]));
    return ['create', row];
  }
  const [kind, entity, mode = 'Replace', options = {}] = action;
  const rowContext = contextOf(context, options);
  assertUpdateMode(mode, rowContext.entityClass);
  const { entityClass: _class, ...passed } = options;
  const row = await sealEntity(entity, rowContext);
  return kind === 'update' ? ['update', row, mode, passed] : ['upsert', row, mode];
}

function contextOf(context: TableContext, options: EncryptedActionOptions | undefined): TableContext {
  const entityClass = options?.entityClass ?? context.entityClass;
  assertEntityClass(entityClass, context.policy);
  return { ...context, entityClass };
}
