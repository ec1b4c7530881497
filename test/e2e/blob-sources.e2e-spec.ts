import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { HttpRequestBody } from '@azure/storage-blob';
import { bytesFrom, containersFor, content, policyOf } from '../support/blobs.js';

const code = (name: string) => expect.objectContaining({ code: name }) as unknown;
const precious = Buffer.alloc(512, 'precious');

async function blobs() {
  const [container] = await containersFor(policyOf('1.0'));
  const [block, pages] = [container.getBlockBlobClient('block'), container.getPageBlobClient('pages')];
  await block.uploadData(precious);
  await pages.uploadData(precious);
  return { block, pages };
}

const consumed = async (): Promise<Readable> => {
  const stream = new PassThrough().end(Buffer.alloc(512));
  await buffer(stream);
  return stream;
};

describe('an upload from a stream that has been read', () => {
  it('is rejected and keeps the old blob', async () => {
    const { block, pages } = await blobs();
    const { etag } = await pages.getProperties();

    await expect(block.uploadStream(await consumed())).rejects.toEqual(code('SOURCE_CONSUMED'));
    await expect(block.upload(await consumed(), 0)).rejects.toEqual(code('SOURCE_CONSUMED'));
    const late = await consumed();
    await expect(block.upload(() => late, 512)).rejects.toEqual(code('SOURCE_CONSUMED'));
    await expect(pages.uploadStream(await consumed(), 0)).rejects.toEqual(code('SOURCE_CONSUMED'));

    expect((await block.downloadToBuffer()).equals(precious)).toBe(true);
    expect((await pages.downloadToBuffer()).equals(precious)).toBe(true);
    expect((await pages.getProperties()).etag).toBe(etag);
  });

  it('is not mistaken for one from a stream that is empty', async () => {
    const { block, pages } = await blobs();

    await block.uploadStream(Readable.from([]));
    await pages.uploadStream(new PassThrough().end(), 0);

    expect(await block.downloadToBuffer()).toHaveLength(0);
    expect(await pages.downloadToBuffer()).toHaveLength(0);
  });
});

describe('content in memory', () => {
  const view = content(600);
  it.each([
    ['text', 'h\u00e4llo \u{1f600}', Buffer.from('h\u00e4llo \u{1f600}')],
    ['a Buffer', view, view],
    ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer, Buffer.from([1, 2, 3])],
    ['a view', new Uint16Array([1, 2]).subarray(1), Buffer.from([2, 0])],
    ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer, 1), Buffer.from([2, 3])],
    ['a Blob', new Blob(['hello']), Buffer.from('hello')],
  ])('is stored as its bytes: %s', async (_name, data, bytes) => {
    const { block } = await blobs();

    await block.uploadData(data);

    expect((await bytesFrom((await block.download()).readableStreamBody)).equals(bytes)).toBe(true);
  });

  it.each([[1, 2, 3], { length: 3 }, 7, null, undefined, true, Readable.from(['x']), new Map()])(
    'is rejected unless it is text or bytes: %p',
    async (data) => {
      const { block, pages } = await blobs();

      await expect(block.uploadData(data as never)).rejects.toEqual(code('UNSUPPORTED_VALUE'));
      await expect(pages.uploadData(data as never)).rejects.toEqual(code('UNSUPPORTED_VALUE'));

      expect((await block.downloadToBuffer()).equals(precious)).toBe(true);
    },
  );

  it('is rejected if it contains a lone surrogate', async () => {
    const { block, pages } = await blobs();

    await expect(block.upload('a\ud800b', 5)).rejects.toEqual(code('UNSUPPORTED_VALUE'));
    await expect(block.upload(() => 'a\ud800b' as never, 5)).rejects.toEqual(code('UNSUPPORTED_VALUE'));
    await expect(block.uploadData('a\udc00b')).rejects.toEqual(code('UNSUPPORTED_VALUE'));
    await expect(block.uploadStream(Readable.from(['a\ud800', 'b']))).rejects.toEqual(code('UNSUPPORTED_VALUE'));
    await expect(pages.uploadData('\ud800'.padEnd(510))).rejects.toEqual(code('UNSUPPORTED_VALUE'));

    expect((await block.downloadToBuffer()).equals(precious)).toBe(true);
  });

  it.each<[HttpRequestBody, number, string]>([
    ['h\u00e4', 2, 'SOURCE_LENGTH_MISMATCH'],
    [Buffer.alloc(3), 4, 'SOURCE_LENGTH_MISMATCH'],
    [new Blob(['abc']), 4, 'SOURCE_LENGTH_MISMATCH'],
    ['abc', NaN, 'INVALID_OPTIONS'],
    ['abc', -1, 'INVALID_OPTIONS'],
  ])('is rejected if its length differs from the announced one: %p as %d bytes', async (body, length, expected) => {
    const { block } = await blobs();

    await expect(block.upload(body, length)).rejects.toEqual(code(expected));
  });
});

describe('more blocks than a blob may have', () => {
  it('are rejected before any request if the length is known', async () => {
    const { block } = await blobs();
    const { etag } = await block.getProperties();

    await expect(block.uploadData(content(50_000), { blockSize: 1, maxSingleShotSize: 0 })).rejects.toMatchObject({
      ...{ code: 'PAYLOAD_TOO_LARGE', limitBytes: 50_000, actualBytes: 50_016 },
    });

    expect((await block.getProperties()).etag).toBe(etag);
    expect((await block.unencryptedClient.getBlockList('all')).uncommittedBlocks ?? []).toEqual([]);
  });
});
