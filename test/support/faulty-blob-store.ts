/**
 * Accepts uploads of block blobs, and misbehaves as networks do, by the number of the request: it rejects a body before
 * reading it, breaks the connection halfway, or stores a block and then breaks the connection. It stores its own copy.
 */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';

/** What happens to a request with a body. */
export type Fault = 'none' | 'refused early' | 'broken in the middle' | 'stored and broken';

export interface StoredBlob {
  readonly content: Buffer;
  /** The metadata entry with the encryption data. */
  readonly encryptionData: string;
}

export class FaultyBlobStore {
  /** Called with the blob and the number of each request; returns what happens. */
  faultOf: (blob: string, number: number) => Fault = () => 'none';
  readonly blobs = new Map<string, StoredBlob>();
  /** The number of times each fault happened. */
  readonly faults = new Map<Fault, number>();
  private readonly blocks = new Map<string, Map<string, Buffer>>();
  private writes = 0;
  private readonly server = http.createServer((request, response) => {
    this.answer(request, response).catch(() => request.socket.destroy());
  });

  static async start(): Promise<FaultyBlobStore> {
    const store = new FaultyBlobStore();
    store.server.listen(0, '127.0.0.1');
    await once(store.server, 'listening');
    return store;
  }

  /** A client that retries quickly, and often enough for every fault. */
  serviceClient(): BlobServiceClient {
    const { port } = this.server.address() as AddressInfo;
    const credential = new StorageSharedKeyCredential('store', 'c3RvcmU=');
    const retryOptions = { maxTries: 12, retryDelayInMs: 1, maxRetryDelayInMs: 2 };
    return new BlobServiceClient(`http://127.0.0.1:${port}/store`, credential, { retryOptions });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://store');
    const blob = pathname.split('/').at(-1) ?? '';
    const fault = this.faultOf(blob, this.writes++);
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    if (fault === 'refused early') {
      respond(response, 503, { 'x-ms-error-code': 'ServerBusy' });
      request.resume();
      return;
    }
    const body = await bodyOf(request, fault);
    this.store(
      { blob, id: searchParams.get('blockid'), isList: searchParams.get('comp') === 'blocklist' },
      body,
      request,
    );
    if (fault === 'none') respond(response, 201);
    else request.socket.destroy();
  }

  private store(
    { blob, id, isList }: { readonly blob: string; readonly id: string | null; readonly isList: boolean },
    body: Buffer,
    { headers }: IncomingMessage,
  ): void {
    const blocks = this.blocks.get(blob) ?? new Map<string, Buffer>();
    this.blocks.set(blob, blocks);
    if (id !== null) {
      blocks.set(id, body);
      return;
    }
    const ids = [...body.toString().matchAll(/<Latest>(.*?)<\/Latest>/g)].map(([, listed]) => String(listed));
    const content = isList ? Buffer.concat(ids.map((listed) => blocks.get(listed) ?? Buffer.from('missing'))) : body;
    this.blobs.set(blob, { content, encryptionData: String(headers['x-ms-meta-encryptiondata']) });
  }
}

const HEADERS = { etag: '"1"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT', 'x-ms-blob-type': 'BlockBlob' };

function respond(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...HEADERS, ...headers, 'content-length': 0 });
  response.end();
}

async function bodyOf(request: IncomingMessage, fault: Fault): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) {
    pieces.push(piece as Buffer);
    if (fault === 'broken in the middle') request.socket.destroy();
  }
  return Buffer.concat(pieces);
}
