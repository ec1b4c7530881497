/** Encrypted blobs as responses of Express and Fastify: the cases of RFC 9110 over HTTP. */
import { EventEmitter } from 'node:events';
import { Controller, Get, Param, Req, Res, type StreamableFile, UseInterceptors } from '@nestjs/common';
import {
  EncryptedBlobInterceptor,
  type EncryptedBlockBlobClient,
  EncryptedContainerClient,
  getEncryptedContainerToken,
  type HttpRequest,
  type HttpResponse,
  InjectEncryptedContainer,
  sendEncryptedBlob,
} from 'nestjs-azure-encrypted-storage';
import { uniqueName } from '../support/azurite.js';
import { bytesFrom, containersFor, content, policyOf } from '../support/blobs.js';
import { type ListeningApp, listening, PLATFORMS } from '../support/http-apps.js';

const CONTAINER = uniqueName('sent');
const SHORT = Buffer.from('0123456789');
const LONG = content(9_000_001);

@Controller()
class BlobsController {
  constructor(@InjectEncryptedContainer(CONTAINER) private readonly container: EncryptedContainerClient) {}

  @Get('blobs/:name')
  @UseInterceptors(EncryptedBlobInterceptor)
  read(@Param('name') name: string): EncryptedBlockBlobClient {
    return this.container.getBlockBlobClient(name);
  }

  @Get('attachments/:name')
  send(
    @Param('name') name: string,
    @Req() request: HttpRequest,
    @Res({ passthrough: true }) response: HttpResponse,
  ): Promise<StreamableFile | undefined> {
    return sendEncryptedBlob(
      this.container.getBlockBlobClient(name),
      { request, response },
      { contentType: 'text/csv', contentDisposition: 'attachment; filename="a.csv"', cacheControl: 'no-store' },
    );
  }

  @Get('texts')
  @UseInterceptors(EncryptedBlobInterceptor)
  text(): string {
    return 'no blob';
  }
}

describe.each(PLATFORMS)('%s', (platform) => {
  let running: ListeningApp;
  let container: EncryptedContainerClient;
  let etag: string;

  beforeAll(async () => {
    running = await listening(platform, BlobsController, CONTAINER);
    container = running.app.get<EncryptedContainerClient>(getEncryptedContainerToken(CONTAINER), { strict: false });
    const blobHTTPHeaders = { blobContentType: 'image/png', blobContentLanguage: 'de' };
    etag = (await container.getBlockBlobClient('short').uploadData(SHORT, { blobHTTPHeaders })).etag ?? '';
    await container.getBlockBlobClient('long').uploadData(LONG);
    await container.getBlockBlobClient('empty').uploadData('');
    // 1.0 without integrity entries: only decryption shows the length
    const old = new EncryptedContainerClient(container.unencryptedClient, policyOf('1.0', { integrity: 'off' }));
    await old.getBlockBlobClient('old').uploadData(SHORT);
    await old.getBlockBlobClient('old-block').uploadData(SHORT.toString().repeat(16));
  });

  afterAll(() => running.app.close());

  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${running.url}/${path}`, { method, headers });

  it('sends the complete content with the headers of the blob', async () => {
    const answer = await ask('blobs/short');

    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-language': 'de',
      'content-length': '10',
      'content-type': 'image/png',
      etag,
      'x-content-type-options': 'nosniff',
    });
    const { lastModified } = await container.getBlockBlobClient('short').getProperties();
    expect(answer.headers.get('last-modified')).toBe(lastModified?.toUTCString());
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(SHORT);
  });

  it('lets the application decide the content headers', async () => {
    const answer = await ask('attachments/short');

    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-disposition': 'attachment; filename="a.csv"',
      'content-type': expect.stringContaining('text/csv') as string,
    });
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=3-', 206, '3456789', 'bytes 3-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0-4,5-9', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0-1,4-5', 200, '0123456789', null],
    ['pages=0-1', 200, '0123456789', null],
    ['bytes=10-', 416, undefined, 'bytes */10'],
  ])('answers %s with %d, in 2.0 and in 1.0', async (range, status, body, contentRange) => {
    for (const name of ['short', 'old']) {
      const answer = await ask(`blobs/${name}`, { range });

      expect([name, answer.status, answer.headers.get('content-range')]).toEqual([name, status, contentRange]);
      const text = await answer.text();
      if (body === undefined) continue;
      expect(text).toBe(body);
      expect(answer.headers.get('content-length')).toBe(String(body.length));
    }
  });

  it('finds the length of 1.0 content that ends with a full block', async () => {
    const answer = await ask('blobs/old-block', { range: 'bytes=-2' });

    expect([answer.status, answer.headers.get('content-range')]).toEqual([206, 'bytes 158-159/160']);
    expect(await answer.text()).toBe('89');
  });

  it('sends a range of a long blob without the rest', async () => {
    const answer = await ask('blobs/long', { range: 'bytes=4194300-4194310' });

    expect(answer.headers.get('content-range')).toBe('bytes 4194300-4194310/9000001');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(LONG.subarray(4194300, 4194311));
  });

  it('sends a long blob completely', async () => {
    const answer = await ask('blobs/long');

    expect(Buffer.from(await answer.arrayBuffer()).equals(LONG)).toBe(true);
  });

  it.each([
    [{}, 200, '0'],
    [{ range: 'bytes=-5' }, 200, '0'],
    [{ range: 'bytes=0-' }, 416, undefined],
  ])('answers %j for an empty blob with %d', async (headers, status, length) => {
    const answer = await ask('blobs/empty', headers);

    expect(answer.status).toBe(status);
    if (length !== undefined) expect(answer.headers.get('content-length')).toBe(length);
    await answer.arrayBuffer();
  });

  it.each([
    [(tag: string) => ({ 'if-none-match': tag }), 304],
    [(tag: string) => ({ 'if-none-match': `W/${tag}` }), 304],
    [() => ({ 'if-none-match': '"other"' }), 200],
    [() => ({ 'if-modified-since': new Date(Date.now() + 5000).toUTCString() }), 304],
    [(tag: string) => ({ 'if-match': tag }), 200],
    [() => ({ 'if-match': '"other"' }), 412],
    [() => ({ 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' }), 412],
    [(tag: string) => ({ 'if-none-match': tag, range: 'bytes=0-1' }), 304],
    [(tag: string) => ({ 'if-range': tag, range: 'bytes=0-1' }), 206],
    [() => ({ 'if-range': '"other"', range: 'bytes=0-1' }), 200],
    [() => ({ 'if-range': '"other"', range: 'bytes=99-' }), 200],
    [() => ({ 'if-match': '"other"', range: 'bytes=99-' }), 412],
  ])('evaluates the conditions of case %#', async (headers, status) => {
    for (const method of ['GET', 'HEAD']) {
      const given = headers(etag) as Record<string, string>;
      const answer = await ask('blobs/short', given, method);

      // HEAD has no ranges
      expect([method, answer.status]).toEqual([method, method === 'HEAD' && status === 206 ? 200 : status]);
      if (status === 304) expect(answer.headers.get('etag')).toBe(etag);
      expect((await answer.arrayBuffer()).byteLength > 0).toBe(method === 'GET' && status !== 304);
    }
  });

  it('answers HEAD with the headers of GET', async () => {
    for (const name of ['short', 'long', 'empty']) {
      const [head, get] = await Promise.all([ask(`blobs/${name}`, {}, 'HEAD'), ask(`blobs/${name}`)]);
      const [ofHead, ofGet] = [head, get].map(({ headers }) => {
        const ofConnection = ['date', 'connection', 'keep-alive'];
        return Object.fromEntries([...headers].filter(([name]) => !ofConnection.includes(name)));
      });
      await get.arrayBuffer();

      expect(head.status).toBe(200);
      expect(ofHead).toEqual(ofGet);
    }
  });

  it('answers with 404 if the blob does not exist', async () => {
    expect((await ask('blobs/none')).status).toBe(404);
    expect((await ask('blobs/none', {}, 'HEAD')).status).toBe(404);
  });

  it('answers with an error and no content if its beginning was changed', async () => {
    const raw = container.getBlockBlobClient('changed');
    await raw.uploadData('secret '.repeat(10));
    const { metadata = {} } = await raw.unencryptedClient.getProperties();
    const stored = await raw.unencryptedClient.downloadToBuffer();
    stored[20]! ^= 1;
    await raw.unencryptedClient.uploadData(stored, { metadata });

    const answer = await ask('blobs/changed');

    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
  });

  it('closes the connection before the announced length if a later region was changed', async () => {
    const raw = container.getBlockBlobClient('changed-later');
    await raw.uploadData(LONG);
    const { metadata = {} } = await raw.unencryptedClient.getProperties();
    const stored = await raw.unencryptedClient.downloadToBuffer();
    stored[stored.length - 1]! ^= 1;
    await raw.unencryptedClient.uploadData(stored, { metadata });

    const answer = await ask('blobs/changed-later');

    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(LONG.length)]);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  it('never sends all bytes of a long blob of 1.0 whose end was changed', async () => {
    const [old] = await containersFor(policyOf('1.0'));
    const source = old.getBlockBlobClient('long');
    await source.uploadData(content(9_000_000));
    const { metadata = {} } = await source.unencryptedClient.getProperties();
    const stored = await source.unencryptedClient.downloadToBuffer();
    stored[stored.length - 20]! ^= 1;
    await source.unencryptedClient.uploadData(stored, { metadata });

    let released = 0;
    const { readableStreamBody, contentLength } = await source.download();
    const read = async (): Promise<void> => {
      for await (const piece of readableStreamBody!) released += (piece as Buffer).length;
    };

    await expect(read()).rejects.toMatchObject({ code: 'DECRYPTION_FAILED' });
    expect(contentLength).toBe(9_000_000);
    expect(released).toBeLessThan(9_000_000);
  });

  it('passes other results through', async () => {
    expect(await (await ask('texts')).text()).toBe('no blob');
  });
});

/** The part of an Express response that is used. */
class KeptResponse extends EventEmitter implements HttpResponse {
  code = 200;
  readonly headers = new Map<string, string>();
  readonly destroyed = false;
  readonly writableFinished = true;

  status(code: number): void {
    this.code = code;
  }

  header(name: string, value: string): void {
    this.headers.set(name, value);
  }
}

describe('sendEncryptedBlob', () => {
  it('sends the complete content if a range of 1.0 cannot be verified', async () => {
    const [strict] = await containersFor(policyOf('1.0', { integrity: 'require' }));
    const blob = strict.getBlockBlobClient('strict');
    await blob.uploadData(SHORT);
    const response = new KeptResponse();

    const file = await sendEncryptedBlob(blob, {
      request: { method: 'GET', headers: { range: 'bytes=2-4' } },
      response,
    });

    expect([response.code, response.headers.get('Content-Range')]).toEqual([200, undefined]);
    expect(response.headers.get('Content-Length')).toBe('10');
    expect(await bytesFrom(file?.getStream())).toEqual(SHORT);
  });

  it('starts over if the blob is replaced between its two requests', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('replaced');
    const first = await blob.uploadData('first');
    const response = new KeptResponse();
    const { unencryptedClient } = blob;
    const getProperties = unencryptedClient.getProperties.bind(unencryptedClient);
    let looks = 0;
    unencryptedClient.getProperties = async (options) => {
      const properties = await getProperties(options);
      if (++looks === 1) await container.getBlockBlobClient('replaced').uploadData('second');
      return properties;
    };

    const file = await sendEncryptedBlob(blob, { request: { method: 'GET', headers: {} }, response });

    expect((await bytesFrom(file?.getStream())).toString()).toBe('second');
    expect(response.headers.get('ETag')).not.toBe(first.etag);
    expect(looks).toBe(2);
  });
});
