/**
 * A process that acts as an account full of blobs and rows, as cheaply as Node.js can: it generates listings on
 * request, and keeps only the last encryption data that was written. The name of a container or table sets how many
 * objects it has, such as `blobs1000` or `rows1000`. Every other container stores what it receives: the state of jobs.
 *
 * The parent sends commands as messages, and gets one reply to each. The process ends with the parent.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StoredDocuments } from './stored-documents.js';

/** The requests since the server last received a command. */
export interface AccountCounts {
  readonly port: number;
  /** Requests to objects, and to the state of jobs. */
  readonly objectRequests: number;
  readonly stateRequests: number;
  /** Objects that were written. */
  readonly written: number;
  /** Length in bytes of the longest state document. */
  readonly longestDocument: number;
}

export interface AccountSettings {
  /** The initial encryption data of every object. */
  readonly text?: string;
}

const MOST_BLOBS = 5000;
const MOST_ROWS = 1000;
const ROWS_OF_PARTITION = 1000;
const ETAG = '0x8DBENCH00000000';
const COMMON = { 'x-ms-version': '2025-05-05', 'x-ms-request-id': 'bench', 'Last-Modified': new Date(0).toUTCString() };

let firstText = '';
/** The encryption data that was written last, by container or table, and how many objects have been written. */
const written = new Map<string, { text: string; count: number }>();
const documents = new StoredDocuments();
let counts = { objectRequests: 0, stateRequests: 0, written: 0 };

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://bench');
  const [, , resource = '', ...name] = decodeURIComponent(url.pathname).split('/');
  const body = await bodyOf(request);
  const count = Number(/^(?:blobs|rows)(\d+)/.exec(resource)?.[1] ?? NaN);
  if (resource === '$batch') {
    answerTransaction(body, response);
    return;
  }
  if (Number.isNaN(count)) {
    counts.stateRequests += 1;
    documents.answer({ request, url, name: name.join('/'), body }, response);
    return;
  }
  counts.objectRequests += 1;
  if (url.searchParams.get('comp') === 'list') {
    blobsPage(url, count, response);
    return;
  }
  if (request.method === 'GET') {
    rowsPage(url, count, response);
    return;
  }
  noteWritten(resource, String(request.headers['x-ms-meta-encryptiondata']), 1);
  response.writeHead(200, { ...COMMON, ETag: `"${ETAG}"`, 'Content-Length': 0 }).end();
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  await once(request, 'end');
  return Buffer.concat(pieces);
}

function noteWritten(resource: string, text: string, count: number): void {
  counts.written += count;
  written.set(resource, { text, count: count + (written.get(resource)?.count ?? 0) });
}

/** The new encryption data once every object has been written, so that a census finds the result of the task. */
function textOf(resource: string, total: number): string {
  const found = written.get(resource);
  return found !== undefined && found.count >= total ? found.text : firstText;
}

function blobsPage(url: URL, total: number, response: ServerResponse): void {
  const { searchParams, pathname } = url;
  const from = Number(searchParams.get('marker') ?? 0);
  const to = Math.min(total, from + Math.min(MOST_BLOBS, Number(searchParams.get('maxresults') ?? MOST_BLOBS)));
  const hasMetadata = searchParams.get('include')?.includes('metadata') === true;
  const text = textOf(pathname.split('/')[2] ?? '', total);
  const tail = blobTail(hasMetadata ? `<Metadata><encryptiondata>${text}</encryptiondata></Metadata>` : '');
  let blobs = '';
  for (let at = from; at < to; at++) blobs += `<Blob><Name>scans/${nameOf(at)}.dcm</Name>${tail}`;
  const marker = to < total ? to : '';
  const xml = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://bench/" ContainerName="bench"><Blobs>${blobs}</Blobs><NextMarker>${marker}</NextMarker></EnumerationResults>`;
  response.writeHead(200, { ...COMMON, 'Content-Type': 'application/xml' }).end(xml);
}

const nameOf = (index: number): string => String(index).padStart(9, '0');

const blobTail = (metadata: string): string =>
  [
    '<Properties><Creation-Time>Thu, 01 Jan 2026 00:00:00 GMT</Creation-Time>',
    `<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><Etag>${ETAG}</Etag>`,
    '<Content-Length>1052</Content-Length><Content-Type>application/dicom</Content-Type><Content-MD5>rL0Y20zC+Fzt72VPzMSk2A==</Content-MD5>',
    '<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>',
    '<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties>',
    `${metadata}<OrMetadata/></Blob>`,
  ].join('');

function rowsPage(url: URL, total: number, response: ServerResponse): void {
  const { searchParams, pathname } = url;
  const table = (pathname.split('/')[2] ?? '').replace('()', '');
  const from = Number(searchParams.get('NextRowKey') ?? 0);
  const to = Math.min(total, from + Math.min(MOST_ROWS, Number(searchParams.get('$top') ?? MOST_ROWS)));
  const text = JSON.stringify(textOf(table, total));
  let rows = '';
  for (let at = from; at < to; at++) {
    rows += `${at === from ? '' : ','}{"odata.etag":"W/\\"${ETAG}\\"","PartitionKey":"${partitionOf(at)}","RowKey":"${nameOf(at)}","_ClientEncryptionMetadata1":${text},"_ClientEncryptionMetadata2@odata.type":"Edm.Binary","_ClientEncryptionMetadata2":"AAAAAAAAAAAAAAAAAAAAAA=="}`;
  }
  response.writeHead(200, {
    ...COMMON,
    'Content-Type': 'application/json;odata=fullmetadata',
    ...(to < total
      ? { 'x-ms-continuation-NextPartitionKey': partitionOf(to), 'x-ms-continuation-NextRowKey': nameOf(to) }
      : {}),
  });
  response.end(`{"odata.metadata":"http://bench/$metadata","value":[${rows}]}`);
}

const partitionOf = (index: number): string => String(Math.floor(index / ROWS_OF_PARTITION)).padStart(6, '0');

function answerTransaction(body: Buffer, response: ServerResponse): void {
  counts.objectRequests += 1;
  const text = body.toString('utf8');
  const operations = [...text.matchAll(/^(?:PATCH|MERGE) [^ ]*\/(rows\d+[a-z]*)\(/gm)];
  const [, patch = '{}'] = /^(\{.*\})\s*$/m.exec(text) ?? [];
  const { _ClientEncryptionMetadata1: data } = JSON.parse(patch) as { readonly _ClientEncryptionMetadata1: string };
  noteWritten(operations[0]?.[1] ?? '', data, operations.length);
  const parts = operations.map(
    (_, index) =>
      `--changesetresponse_bench\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 204 No Content\r\nContent-ID: ${index}\r\nETag: W/"${ETAG}"\r\n\r\n\r\n`,
  );
  const answered = `--batchresponse_bench\r\nContent-Type: multipart/mixed; boundary=changesetresponse_bench\r\n\r\n${parts.join('')}--changesetresponse_bench--\r\n--batchresponse_bench--\r\n`;
  response.writeHead(202, { ...COMMON, 'Content-Type': 'multipart/mixed; boundary=batchresponse_bench' }).end(answered);
}

process.on('message', ({ text }: AccountSettings) => {
  if (text !== undefined) firstText = text;
  const { port } = server.address() as AddressInfo;
  process.send?.({ port, ...counts, longestDocument: documents.takeLongest() } satisfies AccountCounts);
  counts = { objectRequests: 0, stateRequests: 0, written: 0 };
  written.clear();
});
process.on('disconnect', () => process.exit());

// connections must survive while a client is busy
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send?.('ready'));
