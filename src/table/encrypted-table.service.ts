import type { ListTableItemsOptions, TableClient, TableServiceClient } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import { assertPolicy, type EncryptionPolicy } from '../envelope/encryption-policy.js';
import { UnsupportedOperationError } from '../errors/input.js';
import { assertConnect } from '../option-rules.js';
import { EncryptedTableClient } from './encrypted-table-client.js';
import { assertEntityClass, tableNameOf } from './entity-class.js';
import { hasLookups } from './lookup/entry-writes.js';
import { lookupTableOf } from './lookup/lookup-entry.js';
import type { EncryptedTableDefaults } from './table-options.js';

/** The tables of an account, with encryption. Inject it wherever `EncryptedStorageModule` is imported. */
export class EncryptedTableService {
  constructor(
    private readonly tableClientFactory: (tableName: string) => TableClient,
    private readonly policy: EncryptionPolicy,
    private readonly defaults: EncryptedTableDefaults = {},
    private readonly connect?: () => TableServiceClient,
  ) {
    assertConnect(tableClientFactory, 'tableClientFactory');
    assertPolicy(policy);
  }

  /**
   * Returns a client for the table of an entity class. The table is the one in `@EncryptedEntity()`, unless you name another.
   *
   * @throws `INVALID_ENTITY` for a class without `@EncryptedEntity()`, or without encrypted properties although encryption is
   * required; `INVALID_OPTIONS` if no table is named, or its name breaks the rules of the service
   */
  getTableClient<T extends object>(entity: EntityClass<T>, tableName?: string): EncryptedTableClient<T> {
    assertEntityClass(entity, this.policy);
    const name = tableNameOf(entity, tableName);
    const lookupTable = hasLookups(entity)
      ? this.tableClientFactory(tableNameOf(entity, lookupTableOf(name)))
      : undefined;
    return new EncryptedTableClient(this.tableClientFactory(name), this.policy, entity, this.defaults, lookupTable);
  }

  /** The plain SDK client of a table. It neither encrypts nor decrypts. */
  getUnencryptedTableClient(tableName: string): TableClient {
    return this.tableClientFactory(tableName);
  }

  /**
   * The SDK's listing of the tables of the account.
   *
   * @throws `UNSUPPORTED_OPERATION` if the service uses single table clients (`tableClientFactory`), which cannot list
   */
  listTables(options?: ListTableItemsOptions): ReturnType<TableServiceClient['listTables']> {
    if (this.connect === undefined) {
      throw new UnsupportedOperationError(
        'A "tableClientFactory" cannot list tables: connect with an endpoint or a connection string',
      );
    }
    return this.connect().listTables(options);
  }
}
