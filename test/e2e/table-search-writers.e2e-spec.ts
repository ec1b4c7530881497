import {
  Encrypt,
  EncryptedEntity,
  EncryptedTableService,
  type SearchTagMismatch,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { keysOf, Patient, patient, policy, tagsOf } from '../support/patients.js';
import { tableOf } from '../support/tables.js';

const name = uniqueTableName('writers');
const patients = tableOf(Patient, name, policy());
const north = patients.where('partitionKey', 'eq', 'north');

beforeAll(async () => {
  await patients.createTable();
  await patients.createEntity(patient('2'));
});

describe('a row that changes', () => {
  const changing = (rowKey: string, more: Partial<Patient> = {}) => patients.createEntity(patient(rowKey, more));

  it('is found by its new value, and not by the old one, after each kind of write', async () => {
    await changing('20');
    const writes: readonly ((ssn: string) => Promise<unknown>)[] = [
      (ssn) => patients.updateEntity({ partitionKey: 'north', rowKey: '20', ssn }, 'Merge'),
      (ssn) => patients.upsertEntity({ partitionKey: 'north', rowKey: '20', ssn }, 'Merge'),
      (ssn) => patients.updateEntity(patient('20', { ssn })),
      (ssn) => patients.upsertEntity(patient('20', { ssn })),
      (ssn) => patients.submitTransaction([['update', { partitionKey: 'north', rowKey: '20', ssn }, 'Merge']]),
      (ssn) => patients.submitTransaction([['upsert', patient('20', { ssn }), 'Replace']]),
    ];
    let before = 'ssn 20';
    for (const [index, write] of writes.entries()) {
      const after = `changed ${index}`;
      await write(after);
      expect(await keysOf(patients, { where: north.and('ssn', 'eq', after) })).toEqual(['20']);
      expect(await keysOf(patients, { where: north.and('ssn', 'eq', before) })).toEqual([]);
      before = after;
    }
  });

  it('keeps its tags when something else changes, and loses those of erased values', async () => {
    await changing('21');
    const before = await tagsOf(patients, '21');
    await patients.updateEntity({ partitionKey: 'north', rowKey: '21', name: 'Else' }, 'Merge');
    expect(await tagsOf(patients, '21')).toEqual({ ...before, azcse_t_name: expect.any(String) as string });
    await patients.updateEntity({ partitionKey: 'north', rowKey: '21', ssn: null, age: NaN }, 'Merge');
    expect(Object.keys(await tagsOf(patients, '21')).sort()).toEqual(
      Object.keys(before)
        .filter((column) => !['azcse_t_ssn', 'azcse_t_age'].includes(column))
        .sort(),
    );
    expect(await patients.getEntity('north', '21')).toMatchObject({ ssn: null, age: NaN, name: 'Else' });
  });

  it('has no tag for a value that a merge stores in plaintext, and is still found by it', async () => {
    await changing('22');
    await patients.updateEntity({ partitionKey: 'north', rowKey: '22', ward: 'open', room: 'r' }, 'Merge');

    expect(await tagsOf(patients, '22')).not.toHaveProperty('azcse_t_room');
    expect(await keysOf(patients, { where: north.and('room', 'eq', 'r') })).toEqual(['22']);
  });

  it('rejects a tag from the caller', async () => {
    const given = { ...patient('23'), azcse_t_ssn: 'x' };

    await expect(patients.createEntity(given)).rejects.toMatchObject({ code: 'INVALID_ENTITY' });
  });
});

/** The same table, for classes and releases without search tags. */
@EncryptedEntity<Untagged>({ table: 'untagged', clear: ['ward'] })
class Untagged {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() ssn!: string | null;
  @Encrypt() name!: string;
  @Encrypt<Untagged>({ when: ({ ward }) => ward === 'private' }) room!: string;
  ward!: string;
}

describe('other writers', () => {
  const others = tableOf(Untagged, name, policy());
  const mismatches: SearchTagMismatch[] = [];
  const watched = new EncryptedTableService(() => patients.unencryptedClient, policy(), {
    onSearchTagMismatch: (mismatch) => mismatches.push(mismatch),
  }).getTableClient(Patient, name);

  beforeEach(() => {
    mismatches.length = 0;
  });

  it('drop the tags of properties they change, and keep the others', async () => {
    await patients.createEntity(patient('30'));
    const { azcse_t_ssn: _old, ...others30 } = await tagsOf(patients, '30');
    await others.updateEntity({ partitionKey: 'north', rowKey: '30', ssn: 'by another' }, 'Merge');

    expect(await tagsOf(patients, '30')).toEqual(others30);
    expect(await watched.getEntity('north', '30')).toMatchObject({ ssn: 'by another', name: 'Name 30' });
    expect(mismatches).toEqual([
      { tableName: name, partitionKey: 'north', rowKey: '30', propertyName: 'ssn', fault: 'missing' },
    ]);
  });

  it('leave rows without tags, which can be read and which a merge tags', async () => {
    await others.createEntity({ partitionKey: 'north', rowKey: '31', ssn: 'ssn 31', name: 'N', room: 'r', ward: 'w' });
    expect(await keysOf(watched, { where: north.and('ssn', 'eq', 'ssn 31') })).toEqual([]);
    expect(await watched.getEntity('north', '31')).toMatchObject({ ssn: 'ssn 31' });
    expect(mismatches.map(({ propertyName }) => propertyName)).toEqual(['ssn', 'name']);
    await watched.updateEntity({ partitionKey: 'north', rowKey: '31', ward: 'open' }, 'Merge');

    expect(await keysOf(watched, { where: north.and('ssn', 'eq', 'ssn 31') })).toEqual(['31']);
    expect(mismatches).toHaveLength(2);
  });

  it('leave old tags behind, which do not return the row and are reported', async () => {
    await patients.createEntity(patient('32'));
    const { azcse_t_ssn: old } = await tagsOf(patients, '32');
    const unsigned = tableOf(Untagged, name, policy({ integrity: 'off' }));
    await unsigned.updateEntity({ partitionKey: 'north', rowKey: '32', ssn: 'new', name: 'n', room: 'r', ward: 'w' });
    const keys = { partitionKey: 'north', rowKey: '32' };
    await patients.unencryptedClient.updateEntity({ ...keys, azcse_t_ssn: old, azcse_t_name: 'foreign' }, 'Merge');

    expect(await keysOf(watched, { where: north.and('ssn', 'eq', 'ssn 32') })).toEqual([]);
    expect(await watched.getEntity('north', '32')).toMatchObject({ ssn: 'new', name: 'n' });
    expect(mismatches.map(({ fault }) => fault)).toEqual(['different', 'different', 'different', 'different']);
  });

  it('cannot replace a signed tag unnoticed', async () => {
    await patients.createEntity(patient('33'));
    const keys = { partitionKey: 'north', rowKey: '33' };
    await patients.unencryptedClient.updateEntity({ ...keys, ...(await tagsOf(patients, '2')) }, 'Merge');

    await expect(patients.getEntity('north', '33')).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
    await expect(patients.getEntity('north', '33', { queryOptions: { select: ['name'] } })).resolves.toMatchObject({
      name: 'Name 33',
    });
    await patients.deleteEntity('north', '33');
  });
});
