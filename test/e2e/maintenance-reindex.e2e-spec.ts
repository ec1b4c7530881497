/** Search tags for rows written without them, changed by others, or tagged under an older key. */
import {
  Encrypt,
  EncryptedEntity,
  type EncryptionPolicy,
  formatMaintenanceReport,
  HmacSearchKey,
  isMaintenanceClean,
  type MaintenanceOptions,
  type MaintenanceSource,
  type MaintenanceTask,
  runMaintenance,
  Searchable,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor, policyOf } from '../support/blobs.js';
import { keysOf } from '../support/patients.js';
import { requestsOf, tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity<Untagged>({ table: 'members', clear: ['visits'] })
class Untagged {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() ssn!: string | null;
  @Encrypt() name?: string;
  visits?: number;
}

/** Used while some rows have no tags yet. */
@EncryptedEntity({ table: 'members' })
class Tagged extends Untagged {
  @Encrypt({ searchable: { mode: 'write' } }) declare ssn: string | null;
}

@EncryptedEntity({ table: 'members' })
class Member extends Untagged {
  [Searchable]?: 'ssn';
  @Encrypt({ searchable: true }) declare ssn: string | null;
}

@EncryptedEntity({ table: 'members' })
class NotAnyMore extends Untagged {
  @Encrypt({ searchable: false }) declare ssn: string | null;
}

const [older, newer] = [HmacSearchKey.generate(), HmacSearchKey.generate()];
const policy = (more: Partial<EncryptionPolicy> = {}): EncryptionPolicy =>
  tablePolicy({ searchKeys: { write: newer, read: [older] }, ...more });
const name = uniqueTableName('members');
const [untagged, tagged, members, notAnyMore] = [
  ...[tableOf(Untagged, name, policy()), tableOf(Tagged, name, policy())],
  ...[tableOf(Member, name, policy()), tableOf(NotAnyMore, name, policy())],
] as const;
const member = (rowKey: string, more: Partial<Member> = {}) => ({
  ...{ partitionKey: 'north', rowKey, ssn: `ssn ${rowKey}`, name: `name of ${rowKey}`, ...more },
});
const run = (task: MaintenanceTask, source: MaintenanceSource, options: MaintenanceOptions = {}) =>
  runMaintenance({ name: 'tags', task, sources: [source] }, options);
const reindex = { do: 'reindex' } as const;
const census = { do: 'census', tags: true } as const;
const NONE = { untagged: 0, mismatched: 0, outdated: 0 };
const allSsns = members.where('partitionKey', 'eq', 'north').and(
  'ssn',
  'in',
  ['1', '2', '3', '4', '6'].map((rowKey) => `ssn ${rowKey}`),
);

beforeAll(async () => {
  await members.createTable();
  await untagged.createEntity(member('1'));
  await members.createEntity(member('2'));
  // as an SDK without tags replaces a row: without entries, with the columns it read
  const unsigned = tableOf(Untagged, name, policy({ integrity: 'off' }));
  await unsigned.createEntity(member('3', { visits: 3 }));
  const foreign = { azcse_t_ssn: await members.searchTag('ssn', 'before', { partitionKey: 'north' }) };
  const seen = { type: 'DateTime', value: '2026-01-02T03:04:05.1234567Z' };
  const keys = { partitionKey: 'north', rowKey: '3' };
  await untagged.unencryptedClient.updateEntity({ ...keys, ...foreign, seen }, 'Merge');
  await tableOf(Member, name, policy({ searchKeys: { write: older } })).createEntity(member('4'));
  await untagged.createEntity(member('5', { ssn: null }));
  await tagged.createEntity(member('6'));
});

it('is rejected for sources without tags', async () => {
  const [container] = await containersFor(policyOf('2.1'));
  const invalid = expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error;

  await expect(run(reindex, untagged.forMaintenance())).rejects.toThrow(invalid);
  await expect(run(reindex, container.forMaintenance())).rejects.toThrow(invalid);
  await expect(run(census, container.forMaintenance())).rejects.toThrow('"task.tags" needs a table');
  await expect(run(census, untagged.forMaintenance())).rejects.toThrow('"task.tags" needs a table');
});

it('counts rows, previews the work in a dry run, does it, and leaves nothing to do', async () => {
  expect(() => (tagged as unknown as typeof members).where('ssn', 'eq', 'x')).toThrow(/reindex/);
  expect(await keysOf(members, { where: allSsns })).toEqual(['2', '4', '6']);

  const before = await run(census, tagged.forMaintenance());
  const dry = await run(reindex, tagged.forMaintenance(), { dryRun: true });

  const found = { untagged: 1, mismatched: 1, outdated: 1 };
  expect(before).toMatchObject({ seen: 6, outcomes: { same: 6 }, census: { tags: found } });
  expect(isMaintenanceClean(before)).toBe(false);
  expect(formatMaintenanceReport(before, 'text')).toMatch(/wrong search tags\n +untagged +1\n +mismatched +1\n/);
  expect(dry).toMatchObject({ seen: 6, outcomes: { done: 3, same: 3 }, census: { tags: found } });
  expect(await keysOf(members, { where: allSsns })).toEqual(['2', '4', '6']);

  const report = await run(reindex, tagged.forMaintenance());

  expect(report).toMatchObject({ seen: 6, outcomes: { done: 3, same: 3 }, census: { tags: NONE } });
  expect(isMaintenanceClean(report)).toBe(true);
  const young = tableOf(Member, name, policy({ searchKeys: { write: newer } }));
  expect(await keysOf(young, { where: allSsns })).toEqual(['1', '2', '3', '4', '6']);
  expect(await young.getEntity('north', '3')).toMatchObject({ name: 'name of 3', visits: 3 });
  expect(await untagged.getEntity('north', '5')).toMatchObject({ ssn: null, name: 'name of 5' });
  const stored = await untagged.unencryptedClient.getEntity('north', '3', { disableTypeConversion: true });
  expect(stored['seen']).toEqual({ type: 'DateTime', value: '2026-01-02T03:04:05.1234567Z' });
});

it('counts plaintext rows, which searches do not find', async () => {
  await members.unencryptedClient.createEntity({ partitionKey: 'south', rowKey: 'clear', ssn: 'ssn' });

  const report = await run(census, members.forMaintenance());

  expect(report).toMatchObject({ seen: 7, census: { tags: { ...NONE, untagged: 1 } } });
  await members.deleteEntity('south', 'clear');
});

it('writes nothing if nothing is wrong, and reports unreadable rows', async () => {
  const row = await members.unencryptedClient.getEntity('north', '2');
  await members.createEntity(member('7'));
  await members.unencryptedClient.updateEntity(
    { partitionKey: 'north', rowKey: '7', azcse_t_ssn: row['azcse_t_ssn'] },
    'Merge',
  );
  const requests = requestsOf(members);

  const report = await run(reindex, members.forMaintenance());

  expect(report).toMatchObject({ outcomes: { same: 6, damaged: 1 }, failures: [{ code: 'DECRYPTION_FAILED' }] });
  expect(requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
  await members.deleteEntity('north', '7');
});

it('removes the tags of a property that is no longer searchable', async () => {
  const report = await run(reindex, notAnyMore.forMaintenance());

  expect(report).toMatchObject({ outcomes: { done: 5, same: 1 }, census: { tags: NONE } });
  const row = await notAnyMore.unencryptedClient.getEntity('north', '2');
  expect(Object.keys(row).filter((column) => column.startsWith('azcse_t_'))).toEqual([]);
  expect(await untagged.getEntity('north', '2')).toMatchObject({ ssn: 'ssn 2', name: 'name of 2' });
});
