/** The calls that change a table itself or the keys of its rows, not what entities contain. */
import type { OperationOptions } from '@azure/core-client';
import type { DeleteTableEntityOptions, DeleteTableEntityResponse, TableClient } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { rewrapAll, type RewrapKeysOptions, type RewrapKeysResult } from '../envelope/maintenance/rewrap-all.js';
import type { RewrapResult } from '../envelope/rewrap.js';
import { traced } from '../tracing/span.js';
import { type TableContext, tableContext } from './entity-context.js';
import { MaintainedRows } from './maintenance/maintained-rows.js';
import { rewrapEntityKey, type RewrapEntityKeyOptions } from './rewrap-entity-key.js';
import type { EncryptedReadRowOptions } from './table-options.js';

/** A table that can be created, deleted, and moved to another key. */
export abstract class ManagedTable {
  constructor(
    /** The plain SDK client of the same table. It neither encrypts nor decrypts, and its updates merge by default. */
    readonly unencryptedClient: TableClient,
    protected readonly policy: EncryptionPolicy,
    protected readonly entityClass: EntityClass,
  ) {}

  get tableName(): string {
    return this.unencryptedClient.tableName;
  }

  /** Creates the table. If it exists already, nothing changes. */
  createTable(options?: OperationOptions): Promise<void> {
    return this.unencryptedClient.createTable(options);
  }

  /** Deletes the table and all of its entities. */
  deleteTable(options?: OperationOptions): Promise<void> {
    return this.unencryptedClient.deleteTable(options);
  }

  /** Deletes an entity. With `etag`, only if the entity still has it. */
  deleteEntity(
    partitionKey: string,
    rowKey: string,
    options?: DeleteTableEntityOptions,
  ): Promise<DeleteTableEntityResponse> {
    return this.unencryptedClient.deleteEntity(partitionKey, rowKey, options);
  }

  /**
   * Wraps the content key of an entity with the key that writes. Nothing but the column with the encryption data changes, under the
   * row's ETag: if another writer is faster, the row is read again.
   *
   * @returns the id of the key that wraps the content key now, and whether anything was changed
   * @throws `UNSUPPORTED_OPERATION` for an entity that is not encrypted; `KEY_NOT_FOUND`, `KEY_UNWRAP_FAILED`, `KEY_WRAP_FAILED`, before anything
   * is stored; the service's 412 after others changed the row eight times
   */
  rewrapEntityKey(partitionKey: string, rowKey: string, options: RewrapEntityKeyOptions = {}): Promise<RewrapResult> {
    return traced('EncryptedTableClient.rewrapEntityKey', options, (traceable) =>
      rewrapEntityKey({ partitionKey, rowKey }, this.unencryptedClient, {
        context: this.contextOf(traceable),
        options: traceable,
      }),
    );
  }

  /**
   * Rewraps every row whose key is in `retire`, in one call. For tables of any size, and to resume, use {@link runMaintenance}. Problems of
   * single rows are in the result. If the call fails, repeat it: rows that are done are left as they are.
   *
   * @throws `INVALID_OPTIONS`, `KEY_WRAP_FAILED`; errors of keys and services that cannot be reached
   */
  rewrapKeys(options: RewrapKeysOptions): Promise<RewrapKeysResult> {
    return rewrapAll(this.forMaintenance(), options);
  }

  /** The rows of this table as a source of {@link runMaintenance}. */
  forMaintenance(): MaintainedRows {
    const { unencryptedClient: table, policy, entityClass } = this;
    return new MaintainedRows({ table, policy, entityClass });
  }

  protected contextOf(options: OperationOptions & EncryptedReadRowOptions): TableContext {
    const { policy, entityClass, unencryptedClient } = this;
    return tableContext({ policy, entityClass, table: unencryptedClient }, options);
  }
}
