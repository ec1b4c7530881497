/** Rewrapping with one call: for a container, a table, and a row. */
import {
  Encrypt,
  type EncryptedContainerClient,
  EncryptedEntity,
  type EncryptedTableClient,
} from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor } from '../support/blobs.js';
import { after, before, during, NEW, newKey, OLD } from '../support/maintenance.js';
import { requestsOf, tableOf } from '../support/tables.js';

describe('the keys of a container', () => {
  let old: EncryptedContainerClient;
  let both: EncryptedContainerClient;
  let young: EncryptedContainerClient;
  beforeEach(async () => {
    [old, both, young] = await containersFor(before(), during(), after());
    for (const name of ['a/1', 'a/2', 'b/1']) await old.getBlockBlobClient(name).uploadData(name);
    await young.getBlockBlobClient('a/3').uploadData('a/3');
  });

  it('are rewrapped for a prefix, and a second call finds nothing to do', async () => {
    const first = await both.rewrapKeys({ retire: [OLD], prefix: 'a/', concurrency: 1, verify: 'content' });
    const second = await both.rewrapKeys({ retire: [OLD], prefix: 'a/' });

    expect([first, second]).toEqual([
      { seen: 3, outcomes: { done: 2, same: 1 }, failures: [] },
      { seen: 3, outcomes: { same: 3 }, failures: [] },
    ]);
    expect(String(await young.getBlockBlobClient('a/2').downloadToBuffer())).toBe('a/2');
    expect(String(await old.getBlockBlobClient('b/1').downloadToBuffer())).toBe('b/1');
  });

  it('are not written in a dry run, which reports what needs attention', async () => {
    await old.unencryptedClient.getBlockBlobClient('broken').upload('', 0, { metadata: { encryptiondata: '{' } });

    const report = await young.rewrapKeys({ retire: [OLD], dryRun: true });

    expect(report.outcomes).toEqual({ same: 1, damaged: 1, keyMissing: 3 });
    expect(report.failures).toContainEqual({
      name: 'broken',
      outcome: 'damaged',
      code: 'INVALID_ENCRYPTION_METADATA',
    });
    expect((await both.rewrapKeys({ retire: [OLD], dryRun: true })).outcomes).toEqual({ done: 3, same: 1, damaged: 1 });
    expect((await both.rewrapKeys({ retire: [OLD] })).outcomes).toEqual({ done: 3, same: 1, damaged: 1 });
  });

  it('are not changed with invalid options or a key that cannot wrap', async () => {
    for (const retire of [undefined, [], 'old', { prefix: OLD }, { prefix: OLD, except: OLD }])
      await expect(both.rewrapKeys({ retire: retire as never })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(both.rewrapKeys({ retire: [OLD], verify: 'seal' as never })).rejects.toThrow(/"verify" must be/);
    await expect(both.rewrapKeys({ retire: [OLD], abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await expect(both.rewrapKeys({ retire: [OLD, NEW] })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect((await both.rewrapKeys({ retire: [OLD], dryRun: true })).outcomes).toEqual({ done: 3, same: 1 });
  });
});

@EncryptedEntity<Patient>({ clear: ['ward'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  ward?: string;
}
type Patients = EncryptedTableClient<Patient>;

describe('the keys of a table', () => {
  let old: Patients;
  let both: Patients;
  let young: Patients;
  beforeEach(async () => {
    const name = uniqueTableName('rows');
    [old, both, young] = [before(), during(), after()].map((policy) => tableOf(Patient, name, policy)) as [
      Patients,
      Patients,
      Patients,
    ];
    await old.createTable();
    await old.createEntity({ partitionKey: 'north', rowKey: '1', name: 'one', ward: '3' });
  });

  it('are rewrapped, row by row or all at once', async () => {
    await old.createEntity({ partitionKey: 'south', rowKey: '2', name: 'two' });

    expect(await both.rewrapEntityKey('north', '1')).toEqual({ keyId: NEW, changed: true });
    expect(await both.rewrapEntityKey('north', '1')).toEqual({ keyId: NEW, changed: false });
    expect(await both.rewrapEntityKey('north', '1', { force: true })).toEqual({ keyId: NEW, changed: true });
    expect(await both.rewrapKeys({ retire: [OLD] })).toEqual({ seen: 2, outcomes: { same: 1, done: 1 }, failures: [] });

    expect(await young.getEntity('north', '1')).toMatchObject({ name: 'one', ward: '3' });
    expect(await young.getEntity('south', '2')).toMatchObject({ name: 'two' });
  });

  it('can be wrapped by the key of the call', async () => {
    const { keyId } = await old.rewrapEntityKey('north', '1', { keyEncryptionKey: newKey });

    expect(keyId).toBe(NEW);
    expect(await young.getEntity('north', '1')).toMatchObject({ name: 'one' });
  });

  it('are rewrapped together with a change that another writer stores meanwhile', async () => {
    let writes = 0;
    requestsOf(both, async (method) => {
      if (method === 'PATCH' && ++writes === 1)
        await old.updateEntity({ partitionKey: 'north', rowKey: '1', name: 'newer' });
    });

    expect(await both.rewrapEntityKey('north', '1')).toEqual({ keyId: NEW, changed: true });

    expect(writes).toBe(2);
    expect((await young.getEntity('north', '1')).name).toBe('newer');
  });

  it('are rewrapped even if the answer is lost', async () => {
    both.unencryptedClient.pipeline.addPolicy({
      name: 'loses the answer to the merge',
      sendRequest: async (request, next) => {
        const response = await next(request);
        if (request.method === 'PATCH') throw new Error('socket hang up');
        return response;
      },
    });

    expect(await both.rewrapEntityKey('north', '1')).toEqual({ keyId: NEW, changed: true });
    expect((await young.getEntity('north', '1')).name).toBe('one');
  });

  it('cause errors for rows that have none or do not exist', async () => {
    await old.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: 'clear', name: 'clear' });

    await expect(both.rewrapEntityKey('north', 'clear')).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' });
    await expect(both.rewrapEntityKey('north', 'none')).rejects.toMatchObject({ statusCode: 404 });
    await expect(young.rewrapEntityKey('north', '1')).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  });
});
