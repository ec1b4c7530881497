import { getEventListeners, once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { EncryptedBlockBlobClient } from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, breakAfter } from '../support/answers-proxy.js';
import { bytesFrom, content, policyOf } from '../support/blobs.js';
import { ProxiedBlobs, type StoredKind } from '../support/proxied-blobs.js';

const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

const short = content(700_005);
/** Regions of 2.0 hold 4 MiB, so this content has two. */
const V20: StoredKind = { policy: policyOf('2.0'), plaintext: content(4_500_005) };
const V21: StoredKind = { policy: policyOf('2.1', { regionLength: 100_000 }), plaintext: short };
const V10: StoredKind = { policy: policyOf('1.0'), plaintext: short };
const HANDED_THROUGH: StoredKind = { plaintext: short };
const CONTENTS: readonly (readonly [string, StoredKind])[] = [
  ['2.0', V20],
  ['2.1 in small regions', V21],
  ['1.0', V10],
  ['no protocol, handed through', HANDED_THROUGH],
];

/** The range that partial reads ask for. */
const START = 77_777;
const countOf = ({ plaintext }: StoredKind): number => plaintext.length - 200_000;
/** The length of a part, such that a download has seven. */
const partOf = ({ plaintext }: StoredKind): number => Math.floor(plaintext.length / 6);

type Read = (blob: EncryptedBlockBlobClient, kind: StoredKind, options?: object) => Promise<Buffer>;
const WAYS: Readonly<Record<string, Read>> = {
  'to a stream': async (blob, _kind, options) =>
    bytesFrom((await blob.download(0, undefined, options)).readableStreamBody),
  'to a buffer, in parallel': (blob, kind, options) =>
    blob.downloadToBuffer(0, undefined, { blockSize: partOf(kind), ...options }),
  'to a file': async (blob, _kind, options) => {
    await blob.downloadToFile(join(folder, 'target'), 0, undefined, options);
    return readFile(join(folder, 'target'));
  },
  'a range, to a stream': async (blob, kind, options) =>
    bytesFrom((await blob.download(START, countOf(kind), options)).readableStreamBody),
  'a range, to a buffer': (blob, kind, options) => blob.downloadToBuffer(START, countOf(kind), options),
};
const expected = (way: string, kind: StoredKind) =>
  way.startsWith('a range') ? kind.plaintext.subarray(START, START + countOf(kind)) : kind.plaintext;

let proxy: AnswersProxy;
let blobs: ProxiedBlobs;
let folder: string;

beforeAll(async () => {
  proxy = await AnswersProxy.start();
  blobs = new ProxiedBlobs(proxy);
  folder = await mkdtemp(join(tmpdir(), 'connections-'));
});
afterAll(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  proxy.clear();
  for (const name of await readdir(folder)) await rm(join(folder, name));
});

/** Spoils the first answers to reads and lets later ones through. */
function spoilFirst(times: number, spoil: AnswersProxy['spoil']): void {
  let left = times;
  proxy.spoil = (exchange) => {
    if (exchange.request.method !== 'GET' || left === 0) return false;
    left -= 1;
    return spoil(exchange);
  };
}

describe.each(CONTENTS)('content of %s', (_name, kind) => {
  it.each(Object.entries(WAYS))('is read completely %s although connections break', async (way, read) => {
    const blob = await blobs.stored(kind);
    spoilFirst(3, breakAfter(50_000));

    const bytes = await read(blob, kind);

    expect(bytes.equals(expected(way, kind))).toBe(true);
  });

  it.each(Object.entries(WAYS))('fails %s if every connection breaks', async (_way, read) => {
    const blob = await blobs.stored(kind);
    proxy.spoil = breakAfter(1000);

    await expect(read(blob, kind, { concurrency: 1 })).rejects.toEqual(code('DOWNLOAD_INTERRUPTED'));

    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a broken connection', () => {
  it('costs one request for just the missing bytes, under the ETag of the first answer', async () => {
    const blob = await blobs.stored(V20);
    const { contentLength = 0, etag } = await blob.getProperties();
    proxy.clear();
    spoilFirst(2, breakAfter(50_000));

    await bytesFrom((await blob.download()).readableStreamBody);

    expect(proxy.ranges.slice(1)).toEqual([`50000-${contentLength - 1}`, `100000-${contentLength - 1}`]);
    expect(proxy.requests.slice(1).map(({ headers }) => headers['if-match'])).toEqual([etag, etag]);
  });

  it.each([
    [undefined, 6],
    [-1, 6],
    [0, 1],
    [2, 3],
  ])('is repaired as often as in the SDK: maxRetryRequests %s makes %d requests', async (tries, requests) => {
    const blob = await blobs.stored(V20);
    proxy.clear();
    proxy.spoil = breakAfter(10);
    const options = tries === undefined ? {} : { maxRetryRequests: tries };

    const { readableStreamBody } = await blob.download(0, undefined, options);

    await expect(bytesFrom(readableStreamBody)).rejects.toMatchObject({
      code: 'DOWNLOAD_INTERRUPTED',
      receivedBytes: 10 * requests,
    });
    expect(proxy.ranges).toHaveLength(requests);
  });

  it('wipes the caller’s buffer if it cannot be repaired', async () => {
    const blob = await blobs.stored({ policy: policyOf('2.1', { regionLength: 1000 }), plaintext: short });
    const buffer = Buffer.alloc(short.length, 7);
    proxy.spoil = breakAfter(100_000);

    await expect(blob.downloadToBuffer(buffer, 0, undefined, { maxRetryRequestsPerBlock: 1 })).rejects.toEqual(
      code('DOWNLOAD_INTERRUPTED'),
    );

    expect(buffer.equals(Buffer.alloc(short.length))).toBe(true);
  });

  it('fails with 412 if the blob was replaced meanwhile, and never mixes contents', async () => {
    const blob = await blobs.own(V10);
    spoilFirst(1, breakAfter(50_000));

    const { readableStreamBody } = await blob.download();
    await blob.uploadData(Buffer.alloc(short.length));

    await expect(bytesFrom(readableStreamBody)).rejects.toMatchObject({ statusCode: 412 });
  });

  it('counts as an abort if the caller aborted, and is not retried', async () => {
    const blob = await blobs.stored(V10);
    const controller = new AbortController();
    proxy.clear();
    proxy.spoil = (exchange) => {
      breakAfter(50_000)(exchange);
      controller.abort();
      return true;
    };

    const reading = blob.downloadToBuffer(0, undefined, { abortSignal: controller.signal });

    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(proxy.ranges).toHaveLength(1);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('is not repaired for a destroyed stream', async () => {
    const blob = await blobs.stored(V20);
    proxy.clear();
    proxy.spoil = breakAfter(50_000);

    const { readableStreamBody } = await blob.download();
    (readableStreamBody as Readable).destroy();
    await once(readableStreamBody as Readable, 'close');
    await blob.exists();

    expect(proxy.ranges).toHaveLength(1);
  });

  it.each([undefined, new AbortController().signal])(
    'is released by a destroyed stream, with signal %p',
    async (abortSignal) => {
      const blob = await blobs.stored(V20);
      proxy.clear();
      const { readableStreamBody } = await blob.download(0, undefined, { abortSignal });
      (readableStreamBody as Readable).destroy();

      const { socket } = proxy.requests[0]!;
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
      expect(proxy.requests).toHaveLength(1);
    },
  );
});

describe('an answer that cannot be used', () => {
  const without =
    (...names: string[]) =>
    (headers: NodeJS.Dict<string | string[]>) => {
      for (const name of names) delete headers[name];
    };
  const withHeader = (name: string, value: string) => (headers: NodeJS.Dict<string | string[]>) => {
    headers[name] = value;
  };

  const SPOILED: readonly (readonly [string, (headers: NodeJS.Dict<string | string[]>) => void])[] = [
    ['has no ETag', without('etag')],
    ['has no Content-Range', without('content-range')],
    ['has a Content-Range without a total', withHeader('content-range', 'bytes 0-99/*')],
    ['has an invalid Content-Range', withHeader('content-range', `bytes ${'9'.repeat(30_000)}`.slice(0, 9000))],
    ['is for another range', withHeader('content-range', 'bytes 1-100/200')],
    ['has another total', withHeader('content-range', 'bytes 0-99/100')],
  ];

  it.each(SPOILED)('fails with a typed error and leaves no listener if it %s', async (_what, change) => {
    for (const [, kind] of CONTENTS) {
      const blob = await blobs.stored(kind);
      const { signal } = new AbortController();
      proxy.spoil = ({ answer }) => {
        change(answer.headers);
        return false;
      };

      const reads = [
        blob.download(10, 100, { abortSignal: signal }),
        blob.downloadToBuffer(10, 100, { abortSignal: signal }),
      ];
      await Promise.all(reads.map((read) => expect(read).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'))));

      expect(getEventListeners(signal, 'abort')).toEqual([]);
      proxy.clear();
    }
  });

  it.each(['etag', 'content-length'])('also fails complete reads and properties if it has no %s', async (name) => {
    const blob = await blobs.stored(V20);
    const { signal } = new AbortController();
    proxy.spoil = ({ answer }) => {
      without(name)(answer.headers);
      return false;
    };

    await expect(blob.download(0, undefined, { abortSignal: signal })).rejects.toEqual(
      code('INVALID_SERVICE_RESPONSE'),
    );
    await expect(blob.getProperties()).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'));

    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it.each<[string, (stored: number) => number]>([
    ['empty', () => 0],
    ['cut short', (stored) => Math.floor(stored / 2)],
    ['cut after a complete region', (stored) => stored / 2],
  ])('fails if the answer for a complete blob is %s, in body and length', async (_what, lengthOf) => {
    const blob = await blobs.own({
      policy: policyOf('2.1', { regionLength: 64 * 1024 }),
      plaintext: content(128 * 1024),
    });
    const { contentLength = 0 } = await blob.unencryptedClient.getProperties();
    const length = lengthOf(contentLength);
    for (const name of ['', 'content-range']) {
      proxy.spoil = ({ answer, response }) => {
        without(name)(answer.headers);
        response.writeHead(name === '' ? 206 : 200, { ...answer.headers, 'content-length': length });
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => response.end(Buffer.concat(chunks).subarray(0, length)));
        return true;
      };

      await expect(blob.downloadToBuffer()).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'));
      await expect(blob.download()).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'));
    }
  });

  it.each(['etag', 'content-range'])('fails if a later answer has a different %s from the first', async (name) => {
    for (const [, kind] of CONTENTS) {
      const blob = await blobs.own(kind);
      let answers = 0;
      proxy.spoil = ({ request, answer: { headers } }) => {
        // an aborted request for the previous blob may be answered only now
        if (request.url?.includes(blob.containerName) !== true) return false;
        answers += 1;
        if (answers > 1) headers[name] = name === 'etag' ? '"other"' : 'bytes 0-9/10';
        return false;
      };

      await expect(blob.downloadToBuffer(0, undefined, { blockSize: partOf(kind) })).rejects.toEqual(
        code('INVALID_SERVICE_RESPONSE'),
      );
      proxy.clear();
    }
  });
});

it('rejects a length beyond any memory before it plans parts', async () => {
  const { plaintext } = V20;
  for (const kind of [{ plaintext }, { policy: policyOf('1.0', { integrity: 'off' }), plaintext }]) {
    const blob = await blobs.own(kind);
    proxy.spoil = ({ answer: { headers } }) => {
      if (headers['content-range'] !== undefined)
        headers['content-range'] = headers['content-range'].replace(/\d+$/, String(2 ** 53 - 16));
      return false;
    };

    const options = { blockSize: partOf(kind), concurrency: 1 };
    await expect(blob.downloadToBuffer(0, undefined, options)).rejects.toEqual(code('INVALID_OPTIONS'));
    await expect(blob.downloadToBuffer(Buffer.alloc(10), 0, undefined, options)).rejects.toEqual(
      code('INVALID_OPTIONS'),
    );
    proxy.clear();
  }
});

describe('a read', () => {
  it.each(Object.entries(WAYS))(
    '%s leaves no listener on the signal and returns its connections to the pool',
    async (way, read) => {
      const blob = await blobs.stored(V20);
      const { signal } = new AbortController();
      proxy.clear();

      for (let times = 0; times < 3; times += 1) {
        expect((await read(blob, V20, { abortSignal: signal, concurrency: 1 })).equals(expected(way, V20))).toBe(true);
      }

      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(new Set(proxy.requests.map(({ socket }) => socket)).size).toBe(1);
    },
  );
});
