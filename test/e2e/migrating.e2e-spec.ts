/** The two functions of docs/migrating.md, "From plaintext". */
import type { Readable } from 'node:stream';
import { Encrypt, EncryptedEntity, type EncryptedContainerClient, type EncryptedTableClient } from '../../src/index.js';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor, content, policyOf } from '../support/blobs.js';
import { tableOf, tablePolicy } from '../support/tables.js';

@EncryptedEntity({ table: 'patients', clear: '*' })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

async function encryptBlobs(container: EncryptedContainerClient): Promise<void> {
  for await (const { name } of container.listBlobsFlat()) {
    const blob = container.getBlockBlobClient(name);
    const { encrypted, etag = '', metadata = {}, contentType } = await blob.getProperties();
    if (encrypted) continue;
    const conditions = { ifMatch: etag };
    const { readableStreamBody } = await blob.download(0, undefined, { conditions });
    await blob.uploadStream(readableStreamBody as Readable, undefined, undefined, {
      metadata,
      ...(contentType === undefined ? {} : { blobHTTPHeaders: { blobContentType: contentType } }),
      conditions,
    });
  }
}

async function encryptRows(patients: EncryptedTableClient<Patient>): Promise<void> {
  for await (const { partitionKey, rowKey, etag } of patients.listEntities()) {
    await patients.updateEntity({ partitionKey, rowKey }, 'Merge', { etag });
  }
}

it('blobs that were stored in clear are encrypted where they are, with what stood beside them', async () => {
  const [during, after] = await containersFor(policyOf('2.0', { requireEncryption: false }), policyOf('2.0'));
  const [migrating, strict] = [during as EncryptedContainerClient, after as EncryptedContainerClient];
  const clear = content(9_000_000);
  const old = migrating.getBlockBlobClient('old').unencryptedClient;
  await old.uploadData(clear, { metadata: { ward: 'north' }, blobHTTPHeaders: { blobContentType: 'image/png' } });
  await migrating.getBlockBlobClient('new').uploadData(content(100));
  const { etag } = await migrating.getBlockBlobClient('new').getProperties();

  await encryptBlobs(migrating);
  await encryptBlobs(migrating);

  const read = strict.getBlockBlobClient('old');
  expect((await read.downloadToBuffer()).equals(clear)).toBe(true);
  expect(await read.getProperties()).toMatchObject({ contentType: 'image/png', metadata: { ward: 'north' } });
  expect((await strict.getBlockBlobClient('new').getProperties()).etag).toBe(etag);
});

it('rows that were stored in clear are encrypted where they are', async () => {
  const name = uniqueTableName('patients');
  const migrating = tableOf(Patient, name, tablePolicy({ requireEncryption: false }));
  await migrating.createTable();
  const columns = {
    ward: '3',
    weight: { type: 'Double', value: 5 },
    at: { type: 'DateTime', value: '2026-01-02T03:04:05.1234567Z' },
    serial: { type: 'Int64', value: '9007199254740993' },
  };
  await migrating.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '1', name: 'Jane', ...columns });
  await migrating.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '3', ward: '4' });
  await migrating.createEntity({ partitionKey: 'north', rowKey: '2', name: 'John' });

  await encryptRows(migrating);

  const strict = tableOf(Patient, name);
  expect(await strict.getEntity('north', '1')).toMatchObject({ name: 'Jane', ward: '3' });
  expect(await strict.getEntity('north', '2')).toMatchObject({ name: 'John' });
  expect(await strict.getEntity('north', '3')).toMatchObject({ ward: '4' });
  let stored = '';
  const onResponse = ({ bodyAsText }: { bodyAsText?: string | null }): void => void (stored = bodyAsText ?? '');
  expect((await strict.unencryptedClient.getEntity('north', '1', { onResponse }))['name']).toBeInstanceOf(Uint8Array);
  for (const spelled of ['"weight":5.0', '05.1234567Z', '"9007199254740993"']) expect(stored).toContain(spelled);
});
