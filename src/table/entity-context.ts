/** What sealing or opening one entity needs. */
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import type { EnvelopeContext } from '../envelope/envelope.js';
import type { KeyEncryptionKey, KeyOperationOptions } from '../keys/key-encryption-key.js';

export interface TableContext {
  readonly policy: EncryptionPolicy;
  readonly account: string;
  readonly table: string;
  readonly entityClass: EntityClass;
  readonly keyEncryptionKey?: KeyEncryptionKey;
  readonly operation?: KeyOperationOptions;
}

/** The two keys of an entity, under the names of the SDK. */
export interface EntityKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** An entity as the SDK takes and gives it. */
export type Row = Record<string, unknown>;

export const envelopeContext = (context: TableContext, { partitionKey, rowKey }: EntityKeys): EnvelopeContext => ({
  target: { kind: 'table', account: context.account, table: context.table, partitionKey, rowKey },
  form: 'message',
  ...(context.operation === undefined ? {} : { operation: context.operation }),
  ...(context.keyEncryptionKey === undefined ? {} : { keyEncryptionKey: context.keyEncryptionKey }),
});
