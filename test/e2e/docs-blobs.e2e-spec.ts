/** The samples of docs/blobs.md and docs/migrating.md that read and write blobs, run unchanged. */
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type EntityClass, getEncryptedContainerToken, type MaintenanceReport } from 'nestjs-azure-encrypted-storage';
import { uniqueTableName } from '../support/azurite.js';
import { containersFor, content, policyOf } from '../support/blobs.js';
import { docsSample } from '../support/docs-samples.js';
import { tableOf, tablePolicy } from '../support/tables.js';

describe('encryptBlobs and encryptRows of docs/migrating.md', () => {
  it('encrypt blobs and rows in place and keep their properties', async () => {
    const [migrating, strict] = await containersFor(policyOf('2.0', { requireEncryption: false }), policyOf('2.0'));
    const clear = content(9_000_000);
    const raw = migrating.getBlockBlobClient('old').unencryptedClient;
    const blobHTTPHeaders = {
      blobContentType: 'image/png',
      blobContentEncoding: 'identity',
      blobContentLanguage: 'de',
      blobContentDisposition: 'attachment; filename=a',
      blobCacheControl: 'private',
    };
    const metadata = { WardName: 'north', lower: 'a' };
    await raw.uploadData(clear, { metadata, tags: { retention: '10y' }, tier: 'Cool', blobHTTPHeaders });
    await migrating.getBlockBlobClient('bare').unencryptedClient.uploadData(clear);
    await migrating.getBlockBlobClient('new').uploadData(content(100));
    const { etag } = await migrating.getBlockBlobClient('new').getProperties();

    const { encryptBlobs, encryptRows, Patient } = await docsSample('docs/migrating.md', 'encryptBlobs');
    const [encryptOld, encryptOldRows] = [encryptBlobs, encryptRows] as ((
      given: unknown,
    ) => Promise<MaintenanceReport>)[];
    const patients = tableOf(Patient as EntityClass, uniqueTableName('patients'), tablePolicy());
    await patients.createTable();
    await patients.unencryptedClient.createEntity({ partitionKey: 'north', rowKey: '1', name: 'Jane' });
    expect((await encryptOld!(migrating)).outcomes).toEqual({ done: 2, same: 1 });
    expect((await encryptOld!(migrating)).outcomes).toEqual({ same: 3 });
    expect((await encryptOldRows!(patients)).outcomes).toEqual({ done: 1 });
    expect((await encryptOldRows!(patients)).outcomes).toEqual({ same: 1 });

    expect(await patients.getEntity('north', '1')).toMatchObject({ name: 'Jane' });

    for (const name of ['old', 'bare']) {
      expect((await strict.getBlockBlobClient(name).downloadToBuffer()).equals(clear)).toBe(true);
    }
    expect(await raw.getProperties()).toMatchObject({
      contentType: 'image/png',
      contentEncoding: 'identity',
      contentLanguage: 'de',
      contentDisposition: 'attachment; filename=a',
      cacheControl: 'private',
      accessTier: 'Cool',
    });
    expect((await raw.getTags()).tags).toEqual({ retention: '10y' });
    for await (const item of migrating.listBlobsFlat({ includeMetadata: true, prefix: 'old' })) {
      expect(item.metadata).toMatchObject(metadata);
    }
    expect((await strict.getBlockBlobClient('new').getProperties()).etag).toBe(etag);
  });
});

describe('the route with ranges of docs/blobs.md', () => {
  const plaintext = '0123456789';
  const huge = '9'.repeat(20);

  it.each([
    ['bytes=2-4', 206, '234'],
    ['bytes=0-0', 206, '0'],
    ['bytes=3-', 206, '3456789'],
    [`bytes=3-${huge}`, 206, '3456789'],
    [`bytes=0-${huge}`, 206, plaintext],
    ['bytes=10-', 416, undefined],
    [`bytes=${huge}-`, 416, undefined],
    [`bytes=${huge}-${huge}`, 416, undefined],
    ['bytes=5-2', 416, undefined],
    [`bytes=${huge}-1`, 416, undefined],
    ['bytes=-5', 206, '56789'],
    ['bytes=0-1,3-4', 200, plaintext],
    ['bytes=', 200, plaintext],
    ['pages=1-2', 200, plaintext],
  ])('answers %j with %d, in 1.0 and in 2.0', async (range, status, body) => {
    for (const protocol of ['1.0', '2.0'] as const) {
      const [container] = await containersFor(policyOf(protocol));
      await container.getBlockBlobClient('one').uploadData(Buffer.from(plaintext));
      const { ScansController } = await docsSample('docs/blobs.md', 'ScansController');
      class AppModule {}
      const providers = [{ provide: getEncryptedContainerToken('scans'), useValue: container }];
      Module({ controllers: [ScansController as Type], providers })(AppModule);
      const app = await NestFactory.create(AppModule, { logger: false });
      await app.listen(0, '127.0.0.1');
      const { port } = (app.getHttpServer() as Server).address() as AddressInfo;

      const answer = await fetch(`http://127.0.0.1:${port}/scans/one`, { headers: { range } });

      expect(answer.status).toBe(status);
      const text = await answer.text();
      if (body !== undefined) expect(text).toBe(body);
      await app.close();
    }
  });
});
