/**
 * Metadata with its names as they were stored. The service keeps their letter case, but Node lower-cases the names of headers, so
 * the SDK's properties have lost it. Writing these names back would change what other programs list and compare. The original
 * names are in the raw headers of a response with a body or, if a proxy has changed those, in a listing.
 */
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';
import type { BlobGetPropertiesOptions, BlobGetPropertiesResponse, BlobRequestConditions } from '@azure/storage-blob';
import { UnsupportedOperationError } from '../errors/input.js';
import { isForbidden } from '../service-errors.js';
import { withoutEncryptionData } from '../wire/blob-metadata.js';
import type { BlobContext } from './blob-context.js';
import { ReadRequests } from './read-requests.js';
import { connectionOf } from './service-answer.js';

const PREFIX = 'x-ms-meta-';
/**
 * Headers that the service writes with capitals. If a response has none of them, a proxy or client has lower-cased all headers.
 */
const CAPITALS = /^(Server|ETag|Last-Modified|Content-Length|Content-Type)$/;

interface NamesOptions extends BlobGetPropertiesOptions {
  /** ETag of the state that `properties` describe. */
  readonly conditions: BlobRequestConditions;
}

/** The metadata of a blob without its encryption data. Throws `UNSUPPORTED_OPERATION` if its names cannot be determined. */
export async function metadataAsStored(
  context: BlobContext,
  { metadata }: BlobGetPropertiesResponse,
  options: NamesOptions,
): Promise<Record<string, string>> {
  const user = withoutEncryptionData(metadata);
  if (Object.keys(user).length === 0) return user;
  const names = (await namesInHeaders(context, options)) ?? (await namesInListing(context, options)) ?? [];
  const stored = new Map(names.map((name) => [name.toLowerCase(), name]));
  return Object.fromEntries(Object.entries(user).map(([name, value]) => [stored.get(name) ?? unknown(name), value]));
}

function unknown(name: string): never {
  throw new UnsupportedOperationError(
    `The letter case of metadata name ${JSON.stringify(name)} cannot be read, since a proxy or HTTP client changes header names: ` +
      'allow listing the container, or connect to the service directly',
  );
}

/** Names in the raw headers of a read of one byte, unless a proxy or client has changed their letter case. */
async function namesInHeaders({ client }: BlobContext, options: NamesOptions): Promise<string[] | undefined> {
  const requests = new ReadRequests(client, options);
  try {
    // an empty blob has no first byte
    const response =
      (await requests.first({ offset: 0, count: 1 })) ?? (await requests.first({ offset: 0, count: Infinity }));
    if (response === null) return undefined;
    await finished(connectionOf(response).resume());
    return namesAsWritten(
      (response._response as { readonly readableStreamBody?: Partial<IncomingMessage> }).readableStreamBody?.rawHeaders,
    );
  } finally {
    requests.end();
  }
}

function namesAsWritten(rawHeaders: readonly string[] = []): string[] | undefined {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  const ours = names.filter((name) => name.toLowerCase().startsWith(PREFIX));
  const isKept = names.some((name) => CAPITALS.test(name)) && ours.every((name) => name.startsWith(PREFIX));
  return isKept ? ours.map((name) => name.slice(PREFIX.length)) : undefined;
}

/** Names in the entry of a listing, of the blob or its snapshot; none without permission to list. */
async function namesInListing(
  { client, container }: BlobContext,
  { abortSignal, tracingOptions }: NamesOptions,
): Promise<string[] | undefined> {
  if (container === undefined) return undefined;
  const taken = new URL(client.url).searchParams.get('snapshot');
  const includeSnapshots = taken !== null;
  const options = { prefix: client.name, includeMetadata: true, includeSnapshots, abortSignal, tracingOptions };
  // it is the first of all names with this prefix, and its snapshots come with it
  const size = { maxPageSize: includeSnapshots ? undefined : 1 };
  try {
    for await (const { segment } of container.listBlobsFlat(options).byPage(size)) {
      const own = segment.blobItems.filter(({ name }) => name === client.name);
      const entry = own.find(({ snapshot }) => (taken === null ? !snapshot : snapshot === taken));
      if (entry !== undefined || !includeSnapshots) return Object.keys(entry?.metadata ?? {});
    }
    return undefined;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return undefined;
  }
}
