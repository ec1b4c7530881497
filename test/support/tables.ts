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

/** A policy that writes like other SDKs and older releases: its rows are not verified. */
export const withoutEntries = (): EncryptionPolicy => tablePolicy({ integrity: 'off' });

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

let watchers = 0;

/** Records the requests of a client from now on: method and ETag. `before` can delay one. */
export function requestsOf(
  { unencryptedClient }: { readonly unencryptedClient: TableClient },
  before?: (method: string) => Promise<unknown>,
): readonly string[] {
  const requests: string[] = [];
  unencryptedClient.pipeline.addPolicy({
    name: `watcher ${++watchers}`,
    sendRequest: async (request, next) => {
      requests.push([request.method, request.headers.get('if-match')].join(' ').trim());
      await before?.(request.method);
      return next(request);
    },
  });
  return requests;
}
