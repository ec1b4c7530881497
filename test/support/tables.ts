/** Table clients over the emulator, for tests of the table layer. */
import { TableClient } from '@azure/data-tables';
import type { EntityClass } from '../../src/decorators/encryption-metadata.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { AesKeyEncryptionKey } from '../../src/keys/aes-key-encryption-key.js';
import type { EncryptedTableClient } from '../../src/table/encrypted-table-client.js';
import { EncryptedTableService } from '../../src/table/encrypted-table.service.js';
import { connectionString } from './azurite.js';

const tableKey = AesKeyEncryptionKey.generate('table:key');

export const tablePolicy = (more: Partial<EncryptionPolicy> = {}): EncryptionPolicy => ({
  protocol: '2.0',
  keyEncryptionKey: tableKey,
  requireEncryption: true,
  ...more,
});

/** The client of a class under a policy; clients of one table name share their rows. */
export function tableOf<T extends object>(
  entity: EntityClass<T>,
  tableName: string,
  policy: EncryptionPolicy = tablePolicy(),
): EncryptedTableClient<T> {
  const connect = (name: string): TableClient =>
    TableClient.fromConnectionString(connectionString(), name, { allowInsecureConnection: true });
  return new EncryptedTableService(connect, policy).getTableClient(entity, tableName);
}
