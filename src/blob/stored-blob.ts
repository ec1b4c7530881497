/** A stored blob as the first response of the service describes it: its length, ETag, form and encryption data. */
import type { Readable } from 'node:stream';
import type { BlobDownloadResponseParsed, BlobGetPropertiesResponse } from '@azure/storage-blob';
import type { ContentForm } from '../protocol/protocol.js';
import { encryptionDataOf } from '../wire/blob-metadata.js';
import { type EncryptionData, parseEncryptionData } from '../wire/encryption-data.js';
import { assertFinished } from '../wire/unfinished-upload.js';
import type { ReadRequests } from './read-requests.js';
import { answeredState, bodyLength, connectionOf, type Extent, stateOf } from './service-answer.js';

export interface StoredBlob {
  readonly storedLength: number;
  readonly form: ContentForm;
  /** Absent for a blob that was never encrypted. */
  readonly encryptionData?: EncryptionData;
}

/** A first response, with the guessed bytes, if it has any. */
export interface FirstAnswer {
  readonly stored: StoredBlob;
  readonly response: BlobDownloadResponseParsed | BlobGetPropertiesResponse;
  readonly fetched?: FetchedBytes;
}

export interface FetchedBytes {
  readonly extent: Extent;
  readonly connection: Readable;
}

/** Requests the guessed bytes; if there are none, only the properties. */
export async function firstAnswer(requests: ReadRequests, guess: Extent): Promise<FirstAnswer> {
  const response = guess.count === 0 ? null : await requests.first(guess);
  if (response === null) {
    const properties = await requests.properties();
    return { stored: describedBlob(properties), response: properties };
  }
  const { storedLength } = answeredState(response, guess);
  return {
    stored: storedBlob(response, storedLength),
    response,
    fetched: {
      extent: { offset: guess.offset, count: bodyLength(response) ?? 0 },
      connection: connectionOf(response),
    },
  };
}

export const describedBlob = (properties: BlobGetPropertiesResponse): StoredBlob =>
  storedBlob(properties, stateOf(properties, properties.contentLength).storedLength);

function storedBlob(
  response: Pick<BlobGetPropertiesResponse, 'metadata' | 'blobType'>,
  storedLength: number,
): StoredBlob {
  const text = encryptionDataOf(response.metadata);
  const encryptionData = text === undefined ? undefined : parseEncryptionData(text);
  if (encryptionData !== undefined) assertFinished(encryptionData);
  return { storedLength, form: response.blobType === 'PageBlob' ? 'pages' : 'stream', encryptionData };
}
