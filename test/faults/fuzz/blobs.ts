/** Stored blobs, metadata and body, through the client's own download over an SDK client that answers from memory. */
import { Readable } from 'node:stream';
import { AnonymousCredential, BlobServiceClient, type HttpOperationResponse } from '@azure/storage-blob';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  type EncryptionPolicy,
  type KeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { type Finding, same, wrong } from '../outcome.js';
import { Random } from '../random.js';
import type { Decoder } from './decoder.js';
import { mutateBytes, mutateText } from './mutate.js';
import { boundSeedsOf, seedsOf } from './vectors.js';

interface Stored {
  readonly text: string;
  readonly body: Buffer;
  readonly isPages: boolean;
}

interface BlobSeed extends Stored {
  readonly protocol: string;
  readonly key: KeyEncryptionKey;
  readonly content: Buffer;
  /** Bytes of plaintext in a region; in this format, a body that ends after a complete region is a shorter content. */
  readonly regionLength: number;
  readonly isBound: boolean;
  readonly context?: string | undefined;
}

let answered: Stored;
let sent: Stored | undefined;

/** Keeps uploads, and answers every read with the configured response, which the SDK still parses. */
const service = new BlobServiceClient('http://127.0.0.1/account', new AnonymousCredential(), {
  httpClient: {
    sendRequest: async (request): Promise<HttpOperationResponse> => {
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      if (request.method === 'PUT') {
        const body = typeof request.body === 'function' ? (request.body as () => unknown)() : request.body;
        sent = { text: request.headers.get('x-ms-meta-encryptiondata')!, body: await bytesOf(body), isPages: false };
        return { request, status: 201, headers };
      }
      const { length } = answered.body;
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('x-ms-range') ?? '') ?? [];
      const range = { offset: Number(first ?? 0), end: Math.min(length, last ? Number(last) + 1 : length) };
      const body = answered.body.subarray(range.offset, range.end);
      for (const [name, value] of Object.entries(headersOf(answered, body.length))) headers.set(name, value);
      if (first === undefined) return { request, status: 200, headers, readableStreamBody: Readable.from([body]) };
      headers.set('content-range', `bytes ${range.offset}-${range.end - 1}/${length}`);
      return { request, status: 206, headers, readableStreamBody: Readable.from([body]) };
    },
  },
  retryOptions: { maxTries: 1 },
});

const headersOf = ({ text, isPages }: Stored, length: number): Readonly<Record<string, string>> => ({
  ...{ etag: '"1"', 'content-length': String(length), 'x-ms-meta-encryptiondata': text },
  'x-ms-blob-type': isPages ? 'PageBlob' : 'BlockBlob',
});

async function bytesOf(body: unknown): Promise<Buffer> {
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body as Uint8Array);
  const pieces: Uint8Array[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece);
  return Buffer.concat(pieces);
}

const clientOf = (policy: EncryptionPolicy, isPages: boolean) => {
  const container = new EncryptedBlobService(() => service, policy).getContainerClient('container');
  return isPages ? container.getPageBlobClient('blob') : container.getBlockBlobClient('blob');
};

async function read(stored: Stored, { key, context }: Pick<BlobSeed, 'key' | 'context'>): Promise<Buffer> {
  answered = stored;
  const keyResolver = (keyId: string): KeyEncryptionKey | null => (keyId === key.keyId ? key : null);
  const policy = {
    protocol: '2.0',
    readProtocols: ['1.0', '2.0', '2.1'],
    keyResolver,
    requireEncryption: true,
    ...(context === undefined ? {} : { context: () => context }),
  } as const;
  const client = clientOf(policy, stored.isPages);
  const { readableStreamBody } = await client.download();
  const pieces: Buffer[] = [];
  for await (const piece of readableStreamBody ?? []) pieces.push(Buffer.from(piece as Buffer));
  return Buffer.concat(pieces);
}

/** There is no vector of 2.1, and none with many small regions. */
async function ownSeed(regionLength: number, length: number): Promise<BlobSeed> {
  const key = AesKeyEncryptionKey.fromBase64('own', Buffer.alloc(32, 7).toString('base64'));
  const content = new Random('own', length).bytes(length);
  const client = clientOf({ protocol: '2.1', regionLength, keyEncryptionKey: key, requireEncryption: true }, false);
  if (!('upload' in client)) throw new Error('a block blob is needed');
  await client.upload(content, content.length);
  return { ...sent!, protocol: '2.1', key, content, regionLength, isBound: false };
}

const LARGE_REGION = 4 * 1024 * 1024;

const seeds: BlobSeed[] = [await ownSeed(64, 300), await ownSeed(64, 640), await ownSeed(1000, 1500)];
for (const vector of [...seedsOf('blob'), ...boundSeedsOf('blob')]) {
  if (vector.stored.base64 === undefined || vector.id === 's-b2-region1000') continue;
  const stored = {
    text: vector.stored.metadata!['encryptiondata']!,
    body: Buffer.from(vector.stored.base64, 'base64'),
    isPages: vector.blobType === 'page',
  };
  const { protocol, key, isBound, context } = vector;
  const content = await read(stored, vector);
  seeds.push({ ...stored, protocol, key, content, isBound, context, regionLength: LARGE_REGION });
}

export const blobs: Decoder = {
  name: 'blobs',
  share: 0.4,
  input: (random) => {
    const seed = random.pick(seeds);
    const changesText = random.chance(0.5);
    const text = headerOf(changesText ? mutateText(seed.text, random) : seed.text);
    const body = changesText && random.chance(0.5) ? seed.body : mutateBytes(seed.body, random);
    return {
      shown: JSON.stringify({ text, body: body.toString('base64'), isPages: seed.isPages }),
      open: async () => judge(await read({ text, body, isPages: seed.isPages }, seed), seed),
    };
  },
};

/** The characters that a header can contain. */
const headerOf = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').trim();

/**
 * 1.0 cannot detect a changed ciphertext; 2.x cannot detect that whole regions are missing at the end. Integrity
 * entries detect both.
 */
function judge(found: Buffer, { protocol, content, regionLength, isBound }: BlobSeed): Finding | undefined {
  if (same(found, content) || (protocol === '1.0' && !isBound)) return undefined;
  const isPrefix = found.length % regionLength === 0 && same(found, content.subarray(0, found.length));
  return isPrefix && !isBound ? undefined : wrong(`other content of ${found.length} bytes`);
}
