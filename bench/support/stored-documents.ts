/** Small blobs in memory, written under ETags and listed with metadata, as the state of a maintenance job requires. */
import type { IncomingMessage, ServerResponse } from 'node:http';

interface StoredDocument {
  readonly body: Buffer;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface DocumentRequest {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly name: string;
  readonly body: Buffer;
}

const MOST_LISTED = 5000;
const COMMON = { 'x-ms-version': '2025-05-05', 'x-ms-request-id': 'bench', 'Last-Modified': new Date(0).toUTCString() };
const METADATA = 'x-ms-meta-';

export class StoredDocuments {
  private readonly stored = new Map<string, StoredDocument>();
  private changes = 0;
  private longest = 0;

  /** Length in bytes of the longest document since the last call. */
  takeLongest(): number {
    const { longest } = this;
    this.longest = 0;
    return longest;
  }

  answer({ request, url, name, body }: DocumentRequest, response: ServerResponse): void {
    if (name === '' && url.searchParams.get('comp') === 'list') this.list(url, response);
    else if (name === '') respond(response, 201);
    else if (request.method === 'PUT') this.put(name, { request, body }, response);
    else this.get(name, response);
  }

  private put(
    name: string,
    { request: { headers }, body }: Pick<DocumentRequest, 'request' | 'body'>,
    response: ServerResponse,
  ): void {
    const found = this.stored.get(name);
    if (headers['if-none-match'] === '*' && found !== undefined) {
      respond(response, 409, { 'x-ms-error-code': 'BlobAlreadyExists' });
      return;
    }
    if (headers['if-match'] !== undefined && headers['if-match'] !== found?.etag) {
      respond(response, 412, { 'x-ms-error-code': 'ConditionNotMet' });
      return;
    }
    const metadata = Object.entries(headers).filter(([header]) => header.startsWith(METADATA));
    const etag = `"0x${(++this.changes).toString(16)}"`;
    this.longest = Math.max(this.longest, body.length);
    this.stored.set(name, {
      body,
      etag,
      metadata: Object.fromEntries(metadata.map(([header, value]) => [header.slice(METADATA.length), String(value)])),
    });
    respond(response, 201, { ETag: etag });
  }

  private get(name: string, response: ServerResponse): void {
    const found = this.stored.get(name);
    if (found === undefined) {
      respond(response, 404, { 'x-ms-error-code': 'BlobNotFound' });
      return;
    }
    const { body, etag } = found;
    response
      .writeHead(200, { ...COMMON, ETag: etag, 'Content-Length': body.length, 'x-ms-blob-type': 'BlockBlob' })
      .end(body);
  }

  private list({ searchParams }: URL, response: ServerResponse): void {
    const prefix = searchParams.get('prefix') ?? '';
    const from = Number(searchParams.get('marker') ?? 0);
    const names = [...this.stored.keys()].filter((name) => name.startsWith(prefix)).sort();
    const to = from + MOST_LISTED;
    const blobs = names.slice(from, to).map((name) => {
      const { etag, body, metadata } = this.stored.get(name)!;
      const entries = Object.entries(metadata).map(([entry, value]) => `<${entry}>${value}</${entry}>`);
      return `<Blob><Name>${name}</Name><Properties><Etag>${etag.slice(1, -1)}</Etag><Content-Length>${body.length}</Content-Length><BlobType>BlockBlob</BlobType></Properties><Metadata>${entries.join('')}</Metadata></Blob>`;
    });
    const xml = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://bench/" ContainerName="state"><Blobs>${blobs.join('')}</Blobs><NextMarker>${to < names.length ? to : ''}</NextMarker></EnumerationResults>`;
    response.writeHead(200, { ...COMMON, 'Content-Type': 'application/xml' }).end(xml);
  }
}

function respond(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...COMMON, ...headers, 'Content-Length': 0 }).end();
}
