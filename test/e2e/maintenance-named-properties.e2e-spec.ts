/** `--encrypt` names properties of plaintext rows. A misspelt name would encrypt nothing, and nobody would notice. */
import { TableClient } from '@azure/data-tables';
import { Encrypt, EncryptedEntity, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { MaintainedRows } from '../../src/table/maintenance/maintained-rows.js';
import { connectionString, uniqueTableName } from '../support/azurite.js';
import { policyOf } from '../support/blobs.js';

@EncryptedEntity({ clear: '*' })
class Named {
  @Encrypt() name!: string;
  @Encrypt() Born!: string;
}

let table: TableClient;
beforeEach(async () => {
  table = TableClient.fromConnectionString(connectionString(), uniqueTableName('named'), {
    allowInsecureConnection: true,
  });
  await table.createTable();
});

async function warnings(dryRun = false): Promise<readonly string[]> {
  const source = new MaintainedRows({ table, policy: policyOf('2.1'), entityClass: Named, variant: 'Born,name' });
  const task = { do: 'reencrypt', when: { plaintext: true } } as const;
  const report = await runMaintenance({ name: 'encrypt', task, sources: [source] }, { dryRun });
  return report.warnings.filter((warning) => warning.includes('had'));
}

it.each([true, false])('a name that no row has is a warning (dry run: %p)', async (dryRun) => {
  await table.createEntity({ partitionKey: 'north', rowKey: '1', name: 'Jane', born: '1990' });
  await table.createEntity({ partitionKey: 'north', rowKey: '2', ward: '4' });

  expect(await warnings(dryRun)).toEqual([
    `no plaintext row of table ${table.tableName} that this process encrypted had "Born": if a name is wrong, the property that was meant is in plaintext`,
  ]);
});

it('rows that have each name at least once are no warning, and neither is a table without plaintext', async () => {
  await table.createEntity({ partitionKey: 'north', rowKey: '1', name: 'Jane' });
  await table.createEntity({ partitionKey: 'north', rowKey: '2', Born: '1990' });

  expect(await warnings()).toEqual([]);
  expect(await warnings()).toEqual([]);
});
