/** Bulk re-encryption: of plaintext, of 1.0, and after a key was disclosed. */
import {
  Encrypt,
  EncryptedContainerClient,
  EncryptedEntity,
  isMaintenanceClean,
  type MaintenanceSource,
  parsePoisonMessage,
  type ReencryptChoice,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { MaintainedRows } from '../../src/table/maintenance/maintained-rows.js';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor, content, policyOf } from '../support/blobs.js';
import { likewise, newQueue, plainQueue, visibleTexts } from '../support/consumers.js';
import { after, before, during, newKey, OLD } from '../support/maintenance.js';
import { requestsOf, tableOf } from '../support/tables.js';

const reencrypt = (source: MaintenanceSource, when: ReencryptChoice, options = {}) =>
  runMaintenance({ name: 'again', task: { do: 'reencrypt', when }, sources: [source] }, options);

let old: EncryptedContainerClient;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
beforeEach(async () => {
  [old, both, young] = await containersFor(before('1.0'), during(), after());
});
const carried = {
  metadata: { Patient: '17' },
  blobHTTPHeaders: { blobContentType: 'image/png', blobContentLanguage: 'de' },
  tags: { ward: '3' },
};
const metadataOf = async (name: string) => {
  for await (const item of young.listBlobsFlat({ includeMetadata: true, prefix: name })) return item.metadata;
  return undefined;
};

describe('blobs', () => {
  it.each([0, 1, 15, 16, 70_000, 4 * 1024 * 1024 + 1])(
    'of %i bytes in plaintext are encrypted and keep their properties',
    async (length) => {
      const plain = old.unencryptedClient.getBlockBlobClient('plain');
      await plain.uploadData(content(length), carried);

      const report = await reencrypt(both.forMaintenance(), { plaintext: true });

      expect(report.outcomes).toEqual({ done: 1 });
      const blob = young.getBlockBlobClient('plain');
      expect((await blob.downloadToBuffer()).equals(content(length))).toBe(true);
      expect(await blob.getProperties()).toMatchObject({ contentType: 'image/png', contentLanguage: 'de' });
      expect((await blob.unencryptedClient.getTags()).tags).toEqual({ ward: '3' });
      expect(Object.keys((await metadataOf('plain')) ?? {}).sort()).toEqual(['Patient', 'encryptiondata']);
    },
  );

  it('leave protocol 1.0 and a disclosed key, and the next run does not change them', async () => {
    await old.getBlockBlobClient('scan').uploadData(content(70_001), carried);

    const report = await reencrypt(both.forMaintenance(), { protocols: ['1.0'], keyIds: [OLD] });
    const again = await reencrypt(both.forMaintenance(), { protocols: ['1.0'], keyIds: [OLD] });

    expect([report.outcomes, again.outcomes]).toEqual([{ done: 1 }, { same: 1 }]);
    expect(isMaintenanceClean(report)).toBe(true);
    expect((await young.getBlockBlobClient('scan').downloadToBuffer()).equals(content(70_001))).toBe(true);
    expect(report.census.entries).toMatchObject([{ protocol: '2.1', integrity: true, count: 1 }]);
  });

  it('are only read in a dry run', async () => {
    await old.getBlockBlobClient('scan').uploadData('before');
    const { etag } = await old.getBlockBlobClient('scan').getProperties();

    const report = await reencrypt(both.forMaintenance(), { keyIds: [OLD] }, { dryRun: true });

    expect(report.outcomes).toEqual({ done: 1 });
    expect((await old.getBlockBlobClient('scan').getProperties()).etag).toBe(etag);
  });

  it('keep the content of a concurrent writer', async () => {
    await old.getBlockBlobClient('raced').uploadData(content(70_000));
    let isFirst = true;
    const racing = {
      ...newKey,
      keyId: newKey.keyId,
      unwrapKey: newKey.unwrapKey.bind(newKey),
      // between reading the properties and the commit
      wrapKey: async (bytes: Uint8Array) => {
        if (isFirst) await old.getBlockBlobClient('raced').uploadData('the other writer');
        isFirst = false;
        return newKey.wrapKey(bytes);
      },
    };
    const container = new EncryptedContainerClient(old.unencryptedClient, during('2.1', { keyEncryptionKey: racing }));

    const report = await reencrypt(container.forMaintenance(), { keyIds: [OLD] });

    expect(report.outcomes).toEqual({ done: 1 });
    expect(String(await young.getBlockBlobClient('raced').downloadToBuffer())).toBe('the other writer');
  });

  it('stay unchanged if they are damaged, so that damage is never sealed as valid', async () => {
    const [writer, job] = [during('2.1', { keyEncryptionKey: newKey }), during()];
    await new EncryptedContainerClient(old.unencryptedClient, writer).getBlockBlobClient('torn').uploadData('content');
    const plain = old.unencryptedClient.getBlockBlobClient('torn');
    const { metadata } = await plain.getProperties();
    const bytes = await plain.downloadToBuffer();
    bytes[20] = bytes[20]! ^ 1;
    await plain.uploadData(bytes, { metadata: metadata ?? {} });

    const container = new EncryptedContainerClient(
      old.unencryptedClient,
      policyOf('2.1', {
        keyEncryptionKey: (await import('../support/maintenance.js')).oldKey,
        keyResolver: () => newKey,
      }),
    );
    const report = await reencrypt(container.forMaintenance(), { keyIds: [newKey.keyId] });

    expect(job.protocol).toBe('2.1');
    expect(report.outcomes).toEqual({ damaged: 1 });
    expect((await plain.downloadToBuffer()).equals(bytes)).toBe(true);
  });

  it('are not changed if the new content would be selected again, or could not be read', async () => {
    await old.getBlockBlobClient('scan').uploadData('before');
    const [same, blind] = [
      before('1.0'),
      during('2.1', {
        keyEncryptionKey: {
          keyId: 'write only',
          canUnwrap: false,
          wrapKey: newKey.wrapKey.bind(newKey),
          unwrapKey: async () => Promise.reject(new Error('no')),
        },
      }),
    ].map((policy) => new EncryptedContainerClient(old.unencryptedClient, policy));

    await expect(reencrypt(same!.forMaintenance(), { keyIds: [OLD] })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    expect((await reencrypt(blind!.forMaintenance(), { keyIds: [OLD] })).outcomes).toEqual({ keyMissing: 1 });
    expect(String(await old.getBlockBlobClient('scan').downloadToBuffer())).toBe('before');
  });

  it('with pages are reported if a key is to be left', async () => {
    await old.getPageBlobClient('pages').uploadData(content(512));

    const report = await reencrypt(both.forMaintenance(), { protocols: ['1.0'] });
    const disclosed = await reencrypt(both.forMaintenance(), { keyIds: [OLD] });

    expect([report.outcomes, disclosed.outcomes]).toEqual([{ same: 1 }, { refused: 1 }]);
  });
});

@EncryptedEntity<Patient>({ clear: ['ward', 'weight'] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt({ type: 'number' }) age?: number;
  ward?: string;
  weight?: number;
}

@EncryptedEntity<Conditional>({ clear: ['ward'] })
class Conditional {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt<Conditional>({ when: ({ ward }) => ward!.startsWith('x') }) name?: string;
  ward?: string;
}

@EncryptedEntity<Dated>()
class Dated {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt({ type: 'date' }) seen?: Date;
}

describe('rows', () => {
  it('in plaintext are encrypted as their class declares, and other columns keep their exact types', async () => {
    const name = uniqueTableName('rows');
    const table = tableOf(Patient, name, during());
    await table.createTable();
    await table.unencryptedClient.createEntity({
      ...{ partitionKey: 'north', rowKey: '1', name: 'A. Example', age: 40, ward: '3' },
      weight: { type: 'Double', value: '70.0' },
      foreign: { type: 'DateTime', value: '2026-01-01T00:00:00.1234567Z' },
    });

    const report = await reencrypt(table.forMaintenance(), { plaintext: true });

    expect(report.outcomes).toEqual({ done: 1 });
    expect(await tableOf(Patient, name, after()).getEntity('north', '1')).toMatchObject({
      ...{ name: 'A. Example', age: 40, ward: '3', weight: 70 },
    });
    const stored = await table.unencryptedClient.getEntity('north', '1', { disableTypeConversion: true });
    expect(stored['foreign']).toEqual({ type: 'DateTime', value: '2026-01-01T00:00:00.1234567Z' });
    expect(stored['name']).toMatchObject({ type: 'Binary' });
  });

  it('under a disclosed key are re-encrypted without their class, and keep concurrent writes', async () => {
    const name = uniqueTableName('rows');
    const [theirs, ours] = [tableOf(Patient, name, before()), tableOf(Patient, name, during())];
    await theirs.createTable();
    await theirs.createEntity({ partitionKey: 'north', rowKey: '1', name: 'before', age: 40, ward: '3' });
    let isFirst = true;
    requestsOf(ours, async (method) => {
      if (method !== 'PUT' || !isFirst) return;
      isFirst = false;
      await theirs.updateEntity({ partitionKey: 'north', rowKey: '1', name: 'the other writer', age: 41 });
    });
    const source = new MaintainedRows({ table: ours.unencryptedClient, policy: during(), entityClass: null });

    const report = await reencrypt(source, { keyIds: [OLD] });

    expect(report.outcomes).toEqual({ done: 1 });
    expect(await tableOf(Patient, name, after()).getEntity('north', '1')).toMatchObject({
      ...{ name: 'the other writer', age: 41 },
    });
  });

  it('in plaintext without a class are reported, and rows cannot leave protocol 1.0', async () => {
    const name = uniqueTableName('rows');
    const table = tableOf(Patient, name, during());
    await table.createTable();
    await table.createEntity({ partitionKey: 'north', rowKey: '1', name: 'sealed' });
    await table.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '2', name: 'clear' });
    const source = new MaintainedRows({ table: table.unencryptedClient, policy: during(), entityClass: null });

    const report = await reencrypt(source, { plaintext: true, protocols: ['1.0'] });

    expect(report.outcomes).toEqual({ same: 1, refused: 1 });
    expect(report.failures).toMatchObject([{ code: 'ENTITY_CLASS_NEEDED' }]);
  });
});

describe('rows that a job leaves unchanged', () => {
  it('have clear columns but no integrity entries, and the job has no class to decide what to protect', async () => {
    const name = uniqueTableName('rows');
    const table = tableOf(Patient, name, before('2.1', { integrity: 'off' }));
    await table.createTable();
    await table.createEntity({ partitionKey: 'north', rowKey: '1', name: 'sealed', ward: '3' });
    const { etag } = await table.unencryptedClient.getEntity('north', '1');
    const source = new MaintainedRows({ table: table.unencryptedClient, policy: during(), entityClass: null });

    const report = await reencrypt(source, { keyIds: [OLD] });

    expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'ENTITY_CLASS_NEEDED' }]);
    expect((await table.unencryptedClient.getEntity('north', '1')).etag).toBe(etag);
  });

  it('contain a time that would lose digits', async () => {
    const table = tableOf(Dated, uniqueTableName('rows'), during());
    await table.createTable();
    const times = ['2026-01-01T00:00:00.1234567Z', '2026-01-01T00:00:00.1230000Z'];
    for (const [at, value] of times.entries()) {
      const keys = { partitionKey: 'north', rowKey: String(at) };
      await table.unencryptedClient.createEntity({ ...keys, seen: { type: 'DateTime', value } });
    }

    const report = await reencrypt(table.forMaintenance(), { plaintext: true });

    expect(report.outcomes).toEqual({ refused: 1, done: 1 });
    expect(report.failures).toMatchObject([{ name: '["north","0"]', code: 'UNSUPPORTED_VALUE' }]);
  });

  it('make a condition of their class throw, while the others are processed', async () => {
    const table = tableOf(Conditional, uniqueTableName('rows'), during());
    await table.createTable();
    for (const row of [{ rowKey: '1' }, { rowKey: '2', ward: 'x' }]) {
      await table.unencryptedClient.createEntity({ partitionKey: 'north', name: 'clear', ...row });
    }

    const report = await reencrypt(table.forMaintenance(), { plaintext: true });

    expect(report.outcomes).toEqual({ refused: 1, done: 1 });
    expect(report.failures).toMatchObject([{ name: '["north","1"]', code: 'ENTITY_CLASS_FAILED' }]);
  });
});

describe('messages of a poison queue', () => {
  it('under a disclosed key are re-encrypted with the same bytes', async () => {
    const queue = await newQueue(before('1.0'));
    const poison = plainQueue(`${queue.name}-poison`);
    await queue.sendMessage('an old referral');
    const [text = ''] = await visibleTexts(queue.name);
    await poison.sendMessage(Buffer.from(text).toString('base64'));

    const report = await reencrypt(likewise(queue, during('2.0')).forMaintenance(poison), { keyIds: [OLD] });

    expect(report.outcomes).toEqual({ done: 1 });
    const [now = ''] = await visibleTexts(poison.name);
    const { storedText } = parsePoisonMessage(now);
    expect(String(await likewise(queue, after('2.0')).decryptMessage(storedText))).toBe('an old referral');
  });
});
