/** What is needed to seal or open one entity. */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { expectedTagOf, type ExpectedTagOptions } from '../envelope/integrity/integrity-tag.js';
import { keyOperation } from '../envelope/key-operation.js';
import type { EnvelopeContext } from '../envelope/envelope.js';
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { PropertyPlace } from '../protocol/protocol.js';
import type { KeyOperationOptions } from '../keys/key-encryption-key.js';
import { TimeSlice } from '../streams/time-slice.js';
import { accountOf } from './account.js';

export interface TableContext extends KeyChoiceOptions {
  readonly policy: EncryptionPolicy;
  readonly account: string;
  readonly table: string;
  readonly entityClass: EntityClass;
  readonly operation?: KeyOperationOptions;
  /** The bytes of the integrity tag that the caller expects of the row. */
  readonly expectedTag?: Uint8Array | undefined;
  /** Time on the event loop that all rows of the call share. */
  readonly slice?: TimeSlice;
}

/** The two keys of an entity, under the SDK's names. */
export interface EntityKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** An entity as the SDK accepts and returns it. */
export type Row = Record<string, unknown>;

/** The context of one call on a table. */
export function tableContext(
  { policy, entityClass, table }: Pick<TableContext, 'policy' | 'entityClass'> & { readonly table: TableClient },
  options: OperationOptions & ExpectedTagOptions & Pick<TableContext, 'keyEncryptionKey'>,
): TableContext {
  return {
    policy,
    entityClass,
    account: accountOf(table.url),
    table: table.tableName,
    slice: new TimeSlice(),
    operation: keyOperation(options),
    expectedTag: expectedTagOf(policy, options),
    keyEncryptionKey: options.keyEncryptionKey,
  };
}

/** The members are named one by one: with a spread, a page of rows takes a tenth more CPU (bench/README.md). */
export const placeOf = ({ partitionKey, rowKey }: EntityKeys, name: string): PropertyPlace => ({
  partitionKey,
  rowKey,
  name,
});

export const envelopeContext = (context: TableContext, { partitionKey, rowKey }: EntityKeys): EnvelopeContext => ({
  target: { kind: 'table', account: context.account, table: context.table, partitionKey, rowKey },
  form: 'entity',
  operation: context.operation,
  keyEncryptionKey: context.keyEncryptionKey,
});
