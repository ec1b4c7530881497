/** Transfers of entire blobs, with the same call on the plain client and on the encrypted one. */
import { rmSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BlobServiceClient, type BlockBlobClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import {
  AesKeyEncryptionKey,
  type CipherThreads,
  EncryptedBlobService,
  type EncryptedBlockBlobClient,
  type KeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import type { ContentKind } from './stored-content.js';

export const MIB = 1024 * 1024;
const BLOCK_LENGTH = 4 * MIB;
const STREAM_CHUNK_LENGTH = 64 * 1024;

export interface Transfer {
  readonly direction: 'upload' | 'download';
  readonly medium: 'buffer' | 'stream' | 'file';
  /** Bytes of plaintext. */
  readonly length: number;
  readonly concurrency: number;
}

type Protocol = Exclude<ContentKind, 'plain'>;
type Client = BlockBlobClient | EncryptedBlockBlobClient;

/** A key that every process of the bench creates from the same bytes. */
export const benchKey = (): AesKeyEncryptionKey =>
  AesKeyEncryptionKey.fromBase64('bench:2026', Buffer.alloc(32, 'bench').toString('base64'));

/** The blob server accepts any account. */
export const BENCH_ACCOUNT = { accountName: 'bench', accountKey: 'YmVuY2g=' } as const;

export const plainService = (url: string): BlobServiceClient =>
  new BlobServiceClient(url, new StorageSharedKeyCredential(BENCH_ACCOUNT.accountName, BENCH_ACCOUNT.accountKey), {
    retryOptions: { maxTries: 1 },
  });

/** The blobs of one account: plain, or sealed under a protocol by a service that is created once, as in the module. */
export class Blobs {
  private readonly made = new Map<string, EncryptedBlobService>();

  constructor(
    private readonly service: BlobServiceClient,
    private readonly key: KeyEncryptionKey = benchKey(),
  ) {}

  client(kind: ContentKind, name: string, threads?: CipherThreads): Client {
    const service =
      kind === 'plain' ? this.service : threads === undefined ? this.once(kind) : this.sealed(kind, threads);
    return service.getContainerClient('bench').getBlockBlobClient(name);
  }

  private once(kind: Protocol): EncryptedBlobService {
    const service = this.made.get(kind) ?? this.sealed(kind);
    this.made.set(kind, service);
    return service;
  }

  private sealed(kind: Protocol, threads?: CipherThreads): EncryptedBlobService {
    const policy = { protocol: kind, keyEncryptionKey: this.key, requireEncryption: true } as const;
    return new EncryptedBlobService(() => this.service, policy, threads === undefined ? {} : { threads });
  }
}

/**
 * Memory and a file that all transfers of one length share, so that no variant pays for creating them. Removed on exit.
 */
export class Materials {
  private readonly path = join(tmpdir(), `nestjs-azure-encrypted-storage-bench-${process.pid}`);
  private memory = Buffer.alloc(0);

  constructor() {
    process.once('exit', () => {
      for (const path of [this.path, this.targetPath]) rmSync(path, { force: true });
    });
  }

  /** The first `length` bytes of one buffer. */
  buffer(length: number): Buffer {
    if (this.memory.length < length) this.memory = Buffer.alloc(length, 'bench');
    return this.memory.subarray(0, length);
  }

  /** A file of that length. */
  async file(length: number): Promise<string> {
    const size = await stat(this.path).then(
      (found) => found.size,
      () => -1,
    );
    if (size !== length) {
      const file = await open(this.path, 'w');
      for (let at = 0; at < length; at += MIB) await file.write(Buffer.alloc(Math.min(MIB, length - at), 'bench'));
      await file.close();
    }
    return this.path;
  }

  get targetPath(): string {
    return `${this.path}.out`;
  }
}

/** Prepares outside the sample, and returns the work to measure. */
export async function prepared(
  client: Client,
  transfer: Transfer,
  materials: Materials,
): Promise<() => Promise<unknown>> {
  return transfer.direction === 'upload' ? upload(client, transfer, materials) : download(client, transfer, materials);
}

async function upload(client: Client, { medium, length, concurrency }: Transfer, materials: Materials) {
  const options = { blockSize: BLOCK_LENGTH, concurrency, maxSingleShotSize: BLOCK_LENGTH };
  if (medium === 'buffer') {
    const buffer = materials.buffer(length);
    return () => client.uploadData(buffer, options);
  }
  if (medium === 'file') {
    const path = await materials.file(length);
    return () => client.uploadFile(path, options);
  }
  return () => client.uploadStream(streamOf(length), BLOCK_LENGTH, concurrency);
}

async function download(client: Client, { medium, length, concurrency }: Transfer, materials: Materials) {
  if (medium === 'buffer') {
    const buffer = materials.buffer(length);
    return () => client.downloadToBuffer(buffer, 0, length, { blockSize: BLOCK_LENGTH, concurrency });
  }
  if (medium === 'file') {
    await rm(materials.targetPath, { force: true });
    return () => client.downloadToFile(materials.targetPath);
  }
  return async () => {
    const { readableStreamBody } = await client.download();
    await drain(readableStreamBody as Readable, length);
  };
}

/** A stream that costs almost nothing: slices of one piece. */
export function streamOf(length: number): Readable {
  const piece = Buffer.alloc(BLOCK_LENGTH, 'bench');
  let at = 0;
  return new Readable({
    highWaterMark: STREAM_CHUNK_LENGTH,
    read() {
      if (at >= length) return void this.push(null);
      const from = at % BLOCK_LENGTH;
      const chunk = piece.subarray(from, from + Math.min(STREAM_CHUNK_LENGTH, length - at));
      at += chunk.length;
      this.push(chunk);
    },
  });
}

/** Reads a stream to its end, which must come after exactly `length` bytes. */
export async function drain(stream: Readable, length: number): Promise<void> {
  let read = 0;
  await pipeline(
    stream,
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        read += chunk.length;
        done();
      },
    }),
  );
  if (read !== length) throw new Error(`The stream gave ${read} bytes instead of ${length}`);
}
