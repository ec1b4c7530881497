/**
 * One page of List Blobs, sent through the client's own pipeline and read as it arrives. The SDK parses a page as a whole: at
 * 5,000 blobs with metadata that takes a hundred megabytes, and blocks the event loop for half a second (bench/history.md).
 */
import type { Readable } from 'node:stream';
import type { AbortSignalLike } from '@azure/abort-controller';
import type { Mapper, OperationSpec, ServiceClient } from '@azure/core-client';
import type { ContainerClient } from '@azure/storage-blob';

export interface PageRequest {
  readonly include: readonly string[];
  readonly prefix?: string | undefined;
  readonly marker?: string | undefined;
  readonly pageSize: number;
  readonly abortSignal?: AbortSignalLike | undefined;
}

/** What the SDK's clients have for classes derived from them. */
interface WithGeneratedClient {
  readonly storageClientContext: ServiceClient & { readonly version: string };
}

const text = (serializedName: string): Mapper => ({
  serializedName,
  xmlName: serializedName,
  type: { name: 'String' },
});

/** The body comes as a stream, and the code of an error from its body and its header, as in the SDK's own operations. */
const LIST_BLOBS: Omit<OperationSpec, 'serializer'> = {
  httpMethod: 'GET',
  responses: {
    200: { bodyMapper: { type: { name: 'Stream' } } },
    default: {
      bodyMapper: {
        serializedName: 'StorageError',
        type: { name: 'Composite', modelProperties: { code: text('Code'), message: text('Message') } },
      },
      headersMapper: { type: { name: 'Composite', modelProperties: { errorCode: text('x-ms-error-code') } } },
    },
  },
  isXML: true,
};

/** The XML of the page. Throws the errors that the SDK's listing throws. */
export async function requestPage(container: ContainerClient, request: PageRequest): Promise<Readable> {
  const { storageClientContext: client } = container as unknown as WithGeneratedClient;
  // already loaded by the SDK of the caller's client, and not needed by everyone who imports this package
  const { createSerializer } = await import('@azure/core-client');
  const requestOptions = { customHeaders: { accept: 'application/xml', 'x-ms-version': client.version } };
  const baseUrl = urlOf(container, request);
  const response = await client.sendOperationRequest<{ readonly readableStreamBody: Readable }>(
    { options: { requestOptions, abortSignal: request.abortSignal } },
    { ...LIST_BLOBS, baseUrl, serializer: createSerializer({}, true) },
  );
  return response.readableStreamBody;
}

/** Encoded as the SDK does: a shared key signs the decoded query, in which a plus sign is not a space. */
function urlOf({ url }: ContainerClient, { include, prefix, marker, pageSize }: PageRequest): string {
  const query = Object.entries({ restype: 'container', comp: 'list', maxresults: String(pageSize), prefix, marker })
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value ?? '')}`);
  const all = include.length === 0 ? query : [...query, `include=${include.join(',')}`];
  return `${url}${url.includes('?') ? '&' : '?'}${all.join('&')}`;
}
