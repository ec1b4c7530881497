/**
 * Changes of a blob that could lose its encryption data: the service replaces all metadata at once, so ours reads what is there,
 * keeps the entry and writes under the ETag it read.
 */
import type { OperationOptions } from '@azure/core-client';
import {
  type BlobCreateSnapshotOptions,
  type BlobCreateSnapshotResponse,
  type BlobGetPropertiesOptions,
  type BlobGetPropertiesResponse,
  type BlobRequestConditions,
  type BlobSetMetadataOptions,
  type BlobSetMetadataResponse,
  type Metadata,
  RestError,
} from '@azure/storage-blob';
import { storedLayout } from '../envelope/envelope.js';
import { rewrapEnvelope } from '../envelope/rewrap.js';
import { UnsupportedOperationError } from '../errors/input.js';
import { encryptionDataOf, withEncryptionData } from '../wire/blob-metadata.js';
import {
  assertMetadataFits,
  type BlobContext,
  type EncryptedOperationOptions,
  keyOperation,
  targetOf,
} from './blob-context.js';
import { describedBlob } from './stored-blob.js';

/** Times that a change is tried again when the blob changed between reading and writing. */
const CONFLICT_RETRIES = 5;
const PRECONDITION_FAILED = 412;

/** What the SDK tells of a blob, and what of it is encrypted. */
export type EncryptedBlobProperties = BlobGetPropertiesResponse & {
  /** Whether the blob carries encryption data. `contentLength` is then that of the ciphertext. */
  readonly encrypted: boolean;
  /** Bytes of plaintext; absent for 1.0 block blobs, where only decryption tells how much is padding. */
  readonly plaintextContentLength?: number;
};

export async function getProperties(
  { client }: BlobContext,
  options: BlobGetPropertiesOptions,
): Promise<EncryptedBlobProperties> {
  const response = await client.getProperties(options);
  const { encryptionData, form, storedLength } = describedBlob(response);
  if (encryptionData === undefined) {
    return { ...response, encrypted: false, plaintextContentLength: storedLength };
  }
  const { least, most } = storedLayout(encryptionData, form).plaintextBounds(storedLength);
  return { ...response, encrypted: true, ...(least === most ? { plaintextContentLength: most } : {}) };
}

export function setMetadata(
  context: BlobContext,
  metadata: Metadata | undefined,
  options: BlobSetMetadataOptions,
): Promise<BlobSetMetadataResponse> {
  return underEtag(context, options, (text, conditions) => {
    const merged = keptIn(metadata, text);
    return context.client.setMetadata(merged, { ...options, conditions });
  });
}

export function createSnapshot(
  context: BlobContext,
  options: BlobCreateSnapshotOptions,
): Promise<BlobCreateSnapshotResponse> {
  const { metadata } = options;
  // without new metadata the service copies what is there, the entry included
  if (metadata === undefined) return context.client.createSnapshot(options);
  return underEtag(context, options, (text, conditions) =>
    context.client.createSnapshot({ ...options, metadata: keptIn(metadata, text), conditions }),
  );
}

/** What became of a blob's wrapped key. */
export interface RewrapResult {
  /** Id of the key that wraps the content key now. */
  readonly keyId: string;
  /** `false` if that key wrapped it already. */
  readonly changed: boolean;
}

export async function rewrapKey(
  context: BlobContext,
  options: EncryptedOperationOptions & OperationOptions,
): Promise<RewrapResult> {
  const { abortSignal, tracingOptions, keyEncryptionKey } = options;
  const properties = await context.client.getProperties({ abortSignal, tracingOptions });
  const text = encryptionDataOf(properties.metadata);
  if (text === undefined) {
    throw new UnsupportedOperationError('The blob is not encrypted and has no key to rewrap: upload it to encrypt it');
  }
  const rewrapped = await rewrapEnvelope(context.policy, text, {
    target: targetOf(context),
    form: 'stream',
    operation: keyOperation(options),
    ...(keyEncryptionKey === undefined ? {} : { keyEncryptionKey }),
  });
  if (rewrapped.text === null) return { keyId: rewrapped.keyId, changed: false };

  const metadata = withEncryptionData(properties.metadata, rewrapped.text);
  assertMetadataFits(metadata);
  await context.client.setMetadata(metadata, {
    abortSignal,
    tracingOptions,
    conditions: properties.etag === undefined ? {} : { ifMatch: properties.etag },
  });
  return { keyId: rewrapped.keyId, changed: true };
}

interface ConditionalOptions extends OperationOptions {
  readonly conditions?: BlobRequestConditions;
}

/** Runs a change under the ETag that was read; again if the blob changed, unless the caller named an ETag himself. */
async function underEtag<T>(
  { client }: BlobContext,
  { abortSignal, tracingOptions, conditions }: ConditionalOptions,
  change: (text: string | undefined, conditions: BlobRequestConditions) => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const { metadata, etag } = await client.getProperties({ abortSignal, tracingOptions, conditions });
    try {
      return await change(encryptionDataOf(metadata), {
        ...conditions,
        ...(etag === undefined ? {} : { ifMatch: etag }),
      });
    } catch (error) {
      const isConflict = error instanceof RestError && error.statusCode === PRECONDITION_FAILED;
      if (!isConflict || conditions?.ifMatch !== undefined || tries >= CONFLICT_RETRIES) throw error;
    }
  }
}

function keptIn(metadata: Metadata | undefined, text: string | undefined): Metadata | undefined {
  if (text === undefined) return metadata;
  const merged = withEncryptionData(metadata, text);
  assertMetadataFits(merged);
  return merged;
}
