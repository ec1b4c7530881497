/** The methods that change a table itself or the keys of its rows, not what entities contain. */
import { inspect, type InspectOptions } from 'node:util';
import type { OperationOptions } from '@azure/core-client';
import type { DeleteTableEntityOptions, DeleteTableEntityResponse, TableClient } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { shown } from '../encoding/shown.js';
import type { MaintenanceSource } from '../envelope/maintenance/maintained.js';
import { assertPolicy, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { rewrapAll, type RewrapKeysOptions, type RewrapKeysResult } from '../envelope/maintenance/rewrap-all.js';
import type { RewrapResult } from '../envelope/rewrap.js';
import { traced } from '../tracing/span.js';
import { type TableAccess, type TableContext, tableContext } from './entity-context.js';
import { MaintainedLookups } from './maintenance/maintained-lookups.js';
import { MaintainedRows } from './maintenance/maintained-rows.js';
import { rewrapEntityKey, type RewrapEntityKeyOptions } from './rewrap-entity-key.js';
import { deleteEntity } from './row-writes.js';
import type { EncryptedReadRowOptions, EncryptedTableDefaults } from './table-options.js';

/** A table that can be created, deleted, and moved to another key. */
export abstract class ManagedTable {
  constructor(
    /** The plain SDK client of the same table. It neither encrypts nor decrypts, and its updates merge by default. */
    readonly unencryptedClient: TableClient,
    protected readonly policy: EncryptionPolicy,
    protected readonly entityClass: EntityClass,
    protected readonly defaults: EncryptedTableDefaults,
    private readonly lookupTable: TableClient | undefined,
  ) {
    assertPolicy(policy);
  }

  get tableName(): string {
    return this.unencryptedClient.tableName;
  }

  /** The name alone, for loggers that write JSON: the client of the SDK would show its account key. */
  toJSON(): { readonly tableName: string } {
    return { tableName: this.tableName };
  }

  /** The same for `console.log` and every logger that uses `util.inspect`. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return shown(this, this.toJSON(), options);
  }

  /** Creates the table, and its lookup table if the class has one. If it already exists, nothing changes. */
  async createTable(options?: OperationOptions): Promise<void> {
    await this.lookupTable?.createTable(options);
    await this.unencryptedClient.createTable(options);
  }

  /** Deletes the table and all of its entities, and its lookup table. */
  async deleteTable(options?: OperationOptions): Promise<void> {
    await this.unencryptedClient.deleteTable(options);
    await this.lookupTable?.deleteTable(options);
  }

  /** Deletes an entity, and its entries in the lookup table. With `etag`, only if the entity still has it. */
  deleteEntity(
    partitionKey: string,
    rowKey: string,
    options: DeleteTableEntityOptions = {},
  ): Promise<DeleteTableEntityResponse> {
    const { etag, ...passed } = options;
    return deleteEntity({ partitionKey, rowKey }, this.callOf(passed), etag);
  }

  /**
   * Wraps the content key of an entity with the key that writes. Only the column with the encryption data changes, under the
   * row's ETag: if another writer is faster, the row is read again.
   *
   * @returns the id of the key that wraps the content key now, and whether anything was changed
   * @throws `UNSUPPORTED_OPERATION` for an entity that is not encrypted; `KEY_NOT_FOUND`, `KEY_UNWRAP_FAILED`, `KEY_WRAP_FAILED`, before anything
   * is stored; the service's 412 after others changed the row eight times
   */
  rewrapEntityKey(partitionKey: string, rowKey: string, options: RewrapEntityKeyOptions = {}): Promise<RewrapResult> {
    return traced('EncryptedTableClient.rewrapEntityKey', options, (traceable) =>
      rewrapEntityKey({ partitionKey, rowKey }, this.callOf(traceable)),
    );
  }

  /**
   * Rewraps every row whose key is in `retire`, in one call. For tables of any size, and to resume, use {@link runMaintenance}.
   * Problems of single rows are in the result. If the call fails, repeat it: it skips rows that are already done.
   *
   * @throws `INVALID_OPTIONS`, `KEY_WRAP_FAILED`; errors of keys and services that cannot be reached
   */
  rewrapKeys(options: RewrapKeysOptions): Promise<RewrapKeysResult> {
    return rewrapAll(this.forMaintenance(), options);
  }

  /** The rows of this table as a source of {@link runMaintenance}. */
  forMaintenance(): MaintenanceSource {
    return new MaintainedRows(this.access);
  }

  /** The entries of the lookup table as another source of the same job. Throws `INVALID_OPTIONS` if the class has none. */
  lookupsForMaintenance(): MaintenanceSource {
    return new MaintainedLookups(this.access);
  }

  protected callOf<Options extends OperationOptions>(given: Options & EncryptedReadRowOptions) {
    const { keyEncryptionKey: _key, expectedIntegrityTag: _tag, ...options } = given;
    return { table: this.unencryptedClient, context: this.contextOf(given), options };
  }

  protected contextOf(options: OperationOptions & EncryptedReadRowOptions): TableContext {
    return tableContext(this.access, options);
  }

  private get access(): TableAccess {
    const { unencryptedClient: table, policy, entityClass, lookupTable, defaults } = this;
    return { table, policy, entityClass, lookupTable, onSearchTagMismatch: defaults.onSearchTagMismatch };
  }
}
