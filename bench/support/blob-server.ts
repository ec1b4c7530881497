/**
 * A process that serves the few blob calls of the bench as cheaply as Node.js can: upload bodies are counted and
 * dropped, downloads are slices of one buffer. The name of a blob sets its content: `/account/container/2.0-268435456`,
 * with `-entries` at the end for integrity entries.
 *
 * The parent sends settings as messages, and gets one reply to each. The process ends with the parent.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RequestHead, RequestReader } from './request-reader.js';
import { type ContentKind, StoredContent, type StoredContentSeed, storedLength } from './stored-content.js';
import { TokenBucket } from './token-bucket.js';

export interface ServerSettings {
  /** For blobs without integrity entries, and for blobs with them. */
  readonly seeds?: readonly [bare: StoredContentSeed, bound: StoredContentSeed];
  /** Bytes a second for all connections together, or 0 for no limit. */
  readonly rate?: number;
}

/** The requests since the server last received a command. */
export interface ServerCounts {
  readonly port: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpuSeconds: number;
}

interface Connection {
  readonly socket: Socket;
  /** Aborted when the connection is closed. */
  readonly ended: AbortSignal;
}

const SLICE_LENGTH = 128 * 1024;
const ETAG = '"0x8DBENCH00000000"';
const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT';

let bucket = new TokenBucket(Infinity);
let contents: readonly [bare: StoredContent, bound: StoredContent] | null = null;
let counts = { requests: 0, bytesIn: 0, bytesOut: 0 };

const server = createServer({ noDelay: true }, (socket) => {
  const ended = new AbortController();
  const connection = { socket, ended: ended.signal };
  const reader = new RequestReader({
    onBody: (bytes) => {
      counts.bytesIn += bytes;
      const wait = bucket.take(bytes);
      if (wait === 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), wait);
    },
    onRequest: (head) => {
      counts.requests += 1;
      answer(connection, head).catch(() => socket.destroy());
    },
  });
  socket.on('data', (chunk) => {
    reader.read(chunk);
  });
  socket.on('error', () => socket.destroy());
  socket.once('close', () => ended.abort());
});

async function answer(connection: Connection, head: RequestHead): Promise<void> {
  if (head.method === 'GET' || head.method === 'HEAD') return answerRead(connection, head);
  const isWrite = head.method === 'PUT' || head.method === 'DELETE';
  const status = isWrite ? (head.method === 'PUT' ? '201 Created' : '202 Accepted') : '405 Method Not Allowed';
  connection.socket.write(headText(status, { 'Content-Length': 0, ETag: ETAG, 'Last-Modified': MODIFIED }));
}

async function answerRead(connection: Connection, head: RequestHead): Promise<void> {
  const blob = blobOf(head.target.pathname);
  if (blob === null || contents === null) {
    connection.socket.write(headText('404 Not Found', { 'Content-Length': 0, 'x-ms-error-code': 'BlobNotFound' }));
    return;
  }
  const content = contents[blob.hasEntries ? 1 : 0];
  const data = content.encryptionData(blob.kind, blob.length);
  const total = storedLength(blob.kind, blob.length);
  const range = rangeOf(head, total);
  const [from, to] = range ?? [0, total];
  const text = headText(range === null ? '200 OK' : '206 Partial Content', {
    ...{ 'Content-Length': to - from, 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' },
    ...{ ETag: ETAG, 'Last-Modified': MODIFIED, 'x-ms-blob-type': 'BlockBlob' },
    ...(range === null ? {} : { 'Content-Range': `bytes ${from}-${to - 1}/${total}` }),
    ...(data === undefined ? {} : { 'x-ms-meta-encryptiondata': data }),
  });
  connection.socket.write(text);
  if (head.method === 'GET') await writeContent(connection, content.slices(blob.kind, blob.length, [from, to]));
}

async function writeContent({ socket, ended }: Connection, slices: Iterable<Buffer>): Promise<void> {
  for (const slice of slices) {
    for (let at = 0; at < slice.length; at += SLICE_LENGTH) {
      const part = slice.subarray(at, at + SLICE_LENGTH);
      counts.bytesOut += part.length;
      if (!socket.write(part)) await once(socket, 'drain', { signal: ended });
      const wait = bucket.take(part.length);
      if (wait > 0) await sleep(wait, undefined, { signal: ended });
    }
  }
}

interface NamedBlob {
  readonly kind: ContentKind;
  readonly length: number;
  readonly hasEntries: boolean;
}

function blobOf(path: string): NamedBlob | null {
  const found = /\/(plain|1\.0|2\.0)-(\d+)(-entries)?$/.exec(path);
  if (found === null) return null;
  return { kind: found[1] as ContentKind, length: Number(found[2]), hasEntries: found[3] !== undefined };
}

function rangeOf({ headers }: RequestHead, total: number): readonly [number, number] | null {
  const found = /^bytes=(\d+)-(\d*)$/.exec(headers.get('x-ms-range') ?? headers.get('range') ?? '');
  if (found === null) return null;
  return [Number(found[1]), found[2] === '' ? total : Math.min(total, Number(found[2]) + 1)];
}

function headText(status: string, headers: Readonly<Record<string, string | number>>): string {
  const all = { ...headers, 'x-ms-version': '2025-05-05', 'x-ms-request-id': 'bench', Date: new Date().toUTCString() };
  return `HTTP/1.1 ${status}\r\n${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
}

process.on('message', (settings: ServerSettings) => {
  if (settings.rate !== undefined) {
    bucket = new TokenBucket(settings.rate === 0 ? Infinity : settings.rate / 1000);
  }
  if (settings.seeds !== undefined) {
    const [bare, bound] = settings.seeds;
    contents = [new StoredContent(bare), new StoredContent(bound)];
  }
  const { user, system } = process.cpuUsage();
  const { port } = server.address() as AddressInfo;
  process.send?.({ port, ...counts, cpuSeconds: (user + system) / 1e6 } satisfies ServerCounts);
  counts = { requests: 0, bytesIn: 0, bytesOut: 0 };
});
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', () => process.send?.('ready'));
