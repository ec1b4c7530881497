/** The two functions of docs/migrating.md, "From plaintext". */
import type { Readable } from 'node:stream';
import { Encrypt, type EncryptedContainerClient, type EncryptedTableClient } from '../../src/index.js';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor, content, policyOf } from '../support/blobs.js';
import { tableOf, tablePolicy } from '../support/tables.js';

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
  for await (const patient of patients.listEntities()) {
    await patients.updateEntity(patient, 'Replace', { etag: patient.etag });
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
  await migrating.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '1', name: 'Jane', ward: '3' });
  await migrating.createEntity({ partitionKey: 'north', rowKey: '2', name: 'John' });

  await encryptRows(migrating);

  const strict = tableOf(Patient, name);
  expect(await strict.getEntity('north', '1')).toMatchObject({ name: 'Jane', ward: '3' });
  expect(await strict.getEntity('north', '2')).toMatchObject({ name: 'John' });
});
