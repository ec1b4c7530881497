import type { TableClient } from '@azure/data-tables';
import type { EntityClass } from '../decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { EncryptedTableClient } from './encrypted-table-client.js';
import type { EncryptedTableDefaults } from './table-options.js';

/** The tables of an account, with encryption. Injectable where `EncryptedStorageModule` is imported. */
export class EncryptedTableService {
  constructor(
    private readonly tableClientFactory: (tableName: string) => TableClient,
    private readonly policy: EncryptionPolicy,
    private readonly defaults: EncryptedTableDefaults = {},
  ) {}

  /** The table of an entity class; it is named like the class unless you name it. */
  getTableClient<T extends object>(entity: EntityClass<T>, tableName = entity.name): EncryptedTableClient<T> {
    return new EncryptedTableClient(this.tableClientFactory(tableName), this.policy, entity, this.defaults);
  }

  /** The plain SDK client of a table: it neither encrypts nor decrypts. */
  getUnencryptedTableClient(tableName: string): TableClient {
    return this.tableClientFactory(tableName);
  }
}
