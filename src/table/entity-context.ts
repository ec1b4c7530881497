/** What is needed to seal or open one entity. */
import type { OperationOptions } from '@azure/core-client';
import type { TableClient } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { expectedTagOf, type ExpectedTagOptions } from '../envelope/integrity/integrity-tag.js';
import { keyOperation } from '../envelope/key-operation.js';
import type { EnvelopeContext } from '../envelope/envelope.js';
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { EncryptionTarget, KeyOperationOptions } from '../keys/key-encryption-key.js';
import { TimeSlice } from '../streams/time-slice.js';
import { accountOf } from './account.js';
import type { SearchTagMismatchListener } from './search/tag-mismatch.js';

export interface TableContext extends KeyChoiceOptions {
  readonly policy: EncryptionPolicy;
  readonly account: string;
  readonly table: string;
  readonly entityClass: EntityClass;
  readonly operation?: KeyOperationOptions;
  /** The bytes of the integrity tag that the caller expects of the row. */
  readonly expectedTag?: Uint8Array | undefined;
  /** Only if a class of the call has a lookup table. */
  readonly lookups?: LookupTables | undefined;
  readonly onSearchTagMismatch?: SearchTagMismatchListener | undefined;
  /** Time on the event loop that all rows of the call share. */
  readonly slice?: TimeSlice;
}

/** What one call needs for its lookup table. */
export interface LookupTables {
  /** The table of the rows. */
  readonly rows: TableClient;
  readonly entries: TableClient;
  /** Tags of unique values under search keys that only read, by the partition of their entry under the key that writes. */
  readonly olderTags: Map<string, readonly string[]>;
}

/** The two keys of an entity, under the SDK's names. */
export interface EntityKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** For rows whose class is not known: what is sealed stays sealed, and only the rules for every class apply. */
export class AnyEntity {
  readonly [name: string]: unknown;
}

/** An entity as the SDK accepts and returns it. */
export type Row = Record<string, unknown>;

/** What the calls of one table client share. */
export interface TableAccess extends Pick<TableContext, 'policy' | 'entityClass' | 'onSearchTagMismatch'> {
  readonly table: TableClient;
  readonly lookupTable?: TableClient | undefined;
}

export function tableContext(
  { policy, entityClass, table, lookupTable, onSearchTagMismatch }: TableAccess,
  options: OperationOptions & ExpectedTagOptions & Pick<TableContext, 'keyEncryptionKey'>,
): TableContext {
  const operation = keyOperation(options);
  return {
    policy,
    entityClass,
    account: accountOf(table.url),
    table: table.tableName,
    lookups: lookupTable === undefined ? undefined : { rows: table, entries: lookupTable, olderTags: new Map() },
    onSearchTagMismatch,
    slice: new TimeSlice(),
    operation,
    expectedTag: expectedTagOf(policy, options),
    keyEncryptionKey: options.keyEncryptionKey,
  };
}

/**
 * Lists the members one by one, even where others are added: with a spread, a row takes a microsecond more (bench/history.md).
 */
export const envelopeContext = (context: TableContext, keys: EntityKeys): EnvelopeContext => ({
  target: targetOf(context, keys),
  form: 'entity',
  operation: context.operation,
  keyEncryptionKey: context.keyEncryptionKey,
});

export const targetOf = ({ account, table }: TableContext, { partitionKey, rowKey }: EntityKeys): EncryptionTarget => ({
  kind: 'table',
  account,
  table,
  partitionKey,
  rowKey,
});
