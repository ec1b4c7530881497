import { getEventListeners, once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlobServiceClient } from '@azure/storage-blob';
import {
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type EncryptionPolicy,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, breakAfter } from '../support/answers-proxy.js';
import { bytesFrom, containersFor, content, policyOf } from '../support/blobs.js';

const MIB = 1024 * 1024;
const SIZE = 6 * MIB + 5;
const plaintext = content(SIZE);
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

const CONTENTS: readonly (readonly [string, EncryptionPolicy | 'plaintext'])[] = [
  ['2.0', policyOf('2.0')],
  ['2.1 in small regions', policyOf('2.1', { regionLength: 100_000 })],
  ['1.0', policyOf('1.0')],
  ['no protocol, handed through', 'plaintext'],
];

type Read = (blob: EncryptedBlockBlobClient, options?: object) => Promise<Buffer>;
const WAYS: Readonly<Record<string, Read>> = {
  'to a stream': async (blob, options) => bytesFrom((await blob.download(0, undefined, options)).readableStreamBody),
  'to a buffer, in parallel': (blob, options) => blob.downloadToBuffer(0, undefined, { blockSize: MIB, ...options }),
  'to a file': async (blob, options) => {
    await blob.downloadToFile(join(folder, 'target'), 0, undefined, options);
    return readFile(join(folder, 'target'));
  },
  'a range, to a stream': async (blob, options) =>
    bytesFrom((await blob.download(77_777, 5 * MIB, options)).readableStreamBody),
  'a range, to a buffer': (blob, options) => blob.downloadToBuffer(77_777, 5 * MIB, options),
};
const expected = (way: string) =>
  way.startsWith('a range') ? plaintext.subarray(77_777, 77_777 + 5 * MIB) : plaintext;

let proxy: AnswersProxy;
let folder: string;

beforeAll(async () => {
  proxy = await AnswersProxy.start();
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

type Kind = EncryptionPolicy | 'plaintext';
const policyFor = (kind: Kind) => (kind === 'plaintext' ? policyOf('2.0', { requireEncryption: false }) : kind);

/** The containers of blobs that are only read. */
const containers = new Map<Kind, Promise<string>>();

/** A blob with the content, reached through the proxy. The test may not change it. */
async function storedBlob(kind: Kind): Promise<EncryptedBlockBlobClient> {
  const container = containers.get(kind) ?? containerWithBlob(kind);
  containers.set(kind, container);
  return behindProxy(kind, await container);
}

/** The same, stored for one test. */
const ownBlob = async (kind: Kind): Promise<EncryptedBlockBlobClient> =>
  behindProxy(kind, await containerWithBlob(kind));

async function containerWithBlob(kind: Kind): Promise<string> {
  const [direct] = await containersFor(policyFor(kind));
  const blob = direct!.getBlockBlobClient('blob');
  await (kind === 'plaintext' ? blob.unencryptedClient.uploadData(plaintext) : blob.uploadData(plaintext));
  return direct!.containerName;
}

function behindProxy(kind: Kind, container: string): EncryptedBlockBlobClient {
  const service = BlobServiceClient.fromConnectionString(proxy.connectionString, { retryOptions: { maxTries: 1 } });
  return new EncryptedBlobService(() => service, policyFor(kind))
    .getContainerClient(container)
    .getBlockBlobClient('blob');
}

/** The first answers are spoiled, the later ones are not. */
function spoilFirst(times: number, spoil: AnswersProxy['spoil']): void {
  let left = times;
  proxy.spoil = (exchange) => {
    if (exchange.request.method !== 'GET' || left === 0) return false;
    left -= 1;
    return spoil(exchange);
  };
}

describe.each(CONTENTS)('content of %s', (_name, kind) => {
  it.each(Object.entries(WAYS))('is whole where connections break on its way %s', async (way, read) => {
    const blob = await storedBlob(kind);
    spoilFirst(3, breakAfter(50_000));

    const bytes = await read(blob);

    expect(bytes.equals(expected(way))).toBe(true);
  });

  it.each(Object.entries(WAYS))('read %s is given up where every connection breaks', async (_way, read) => {
    const blob = await storedBlob(kind);
    proxy.spoil = breakAfter(1000);

    await expect(read(blob, { concurrency: 1 })).rejects.toEqual(code('DOWNLOAD_INTERRUPTED'));

    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a broken connection', () => {
  it('costs a request for just the bytes that are missing, under the ETag of the first', async () => {
    const blob = await storedBlob(policyOf('2.0'));
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
  ])('is repaired as often as the SDK would: with maxRetryRequests %s it asks %d times', async (tries, requests) => {
    const blob = await storedBlob(policyOf('2.0'));
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

  it('wipes the buffer it was given, if it cannot be repaired', async () => {
    const blob = await storedBlob(policyOf('2.1', { regionLength: 1000 }));
    const buffer = Buffer.alloc(SIZE, 7);
    proxy.spoil = breakAfter(100_000);

    await expect(blob.downloadToBuffer(buffer, 0, undefined, { maxRetryRequestsPerBlock: 1 })).rejects.toEqual(
      code('DOWNLOAD_INTERRUPTED'),
    );

    expect(buffer.equals(Buffer.alloc(SIZE))).toBe(true);
  });

  it('of a blob that was replaced meanwhile is a 412, never a mixture', async () => {
    const blob = await ownBlob(policyOf('1.0'));
    spoilFirst(1, breakAfter(50_000));

    const { readableStreamBody } = await blob.download();
    await blob.uploadData(Buffer.alloc(SIZE));

    await expect(bytesFrom(readableStreamBody)).rejects.toMatchObject({ statusCode: 412 });
  });

  it('is an abort where the caller aborted, and nothing is asked for again', async () => {
    const blob = await storedBlob(policyOf('1.0'));
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

  it('is not repaired for a stream that was destroyed', async () => {
    const blob = await storedBlob(policyOf('2.0'));
    proxy.clear();
    proxy.spoil = breakAfter(50_000);

    const { readableStreamBody } = await blob.download();
    (readableStreamBody as Readable).destroy();
    await once(readableStreamBody as Readable, 'close');
    await blob.exists();

    expect(proxy.ranges).toHaveLength(1);
  });
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
    ['has a Content-Range that is not one', withHeader('content-range', `bytes ${'9'.repeat(30_000)}`.slice(0, 9000))],
    ['is for another range', withHeader('content-range', 'bytes 1-100/200')],
    ['has another total', withHeader('content-range', 'bytes 0-99/100')],
  ];

  it.each(SPOILED)('because it %s is a typed error that leaves nothing behind', async (_what, change) => {
    for (const [, kind] of CONTENTS) {
      const blob = await storedBlob(kind);
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

  it.each(['etag', 'content-length'])(
    'because it has no %s is one for a whole read and for properties too',
    async (name) => {
      const blob = await storedBlob(policyOf('2.0'));
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
    },
  );

  it.each<[string, (stored: number) => number]>([
    ['is emptied', () => 0],
    ['is cut', (stored) => Math.floor(stored / 2)],
    ['ends after a whole region', (stored) => stored / 2],
  ])('because a whole blob %s, in body and length, is one', async (_what, lengthOf) => {
    const blob = await ownBlob(policyOf('2.1', { regionLength: 64 * 1024 }));
    await blob.uploadData(plaintext.subarray(0, 128 * 1024));
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

  it.each(['etag', 'content-range'])('because a later one has another %s than the first is one', async (name) => {
    for (const [, kind] of CONTENTS) {
      const blob = await ownBlob(kind);
      let answers = 0;
      proxy.spoil = ({ answer: { headers } }) => {
        answers += 1;
        if (answers > 1) headers[name] = name === 'etag' ? '"other"' : 'bytes 0-9/10';
        return false;
      };

      await expect(blob.downloadToBuffer(0, undefined, { blockSize: MIB })).rejects.toEqual(
        code('INVALID_SERVICE_RESPONSE'),
      );
      proxy.clear();
    }
  });
});

it('a length that no memory holds is refused before anything is planned for it', async () => {
  const unverified = policyOf('1.0', { integrity: 'off' });
  for (const kind of ['plaintext', unverified] as const) {
    const blob = await ownBlob(kind);
    proxy.spoil = ({ answer: { headers } }) => {
      if (headers['content-range'] !== undefined)
        headers['content-range'] = headers['content-range'].replace(/\d+$/, String(2 ** 53 - 16));
      return false;
    };

    const options = { blockSize: MIB, concurrency: 1 };
    await expect(blob.downloadToBuffer(0, undefined, options)).rejects.toEqual(code('INVALID_OPTIONS'));
    await expect(blob.downloadToBuffer(Buffer.alloc(10), 0, undefined, options)).rejects.toEqual(
      code('INVALID_OPTIONS'),
    );
    proxy.clear();
  }
});

describe('a read', () => {
  it.each(Object.entries(WAYS))(
    '%s leaves no listener on the signal and its connections for the next',
    async (way, read) => {
      const blob = await storedBlob(policyOf('2.0'));
      const { signal } = new AbortController();
      proxy.clear();

      for (let times = 0; times < 3; times += 1) {
        expect((await read(blob, { abortSignal: signal, concurrency: 1 })).equals(expected(way))).toBe(true);
      }

      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(new Set(proxy.requests.map(({ socket }) => socket)).size).toBe(1);
    },
  );
});
