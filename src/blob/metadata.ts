/**
 * Changes of a blob that could lose its encryption data. The service replaces all metadata at once, so this reads the metadata,
 * keeps the entry and writes under the ETag that it read.
 */
import type {
  BlobCreateSnapshotOptions,
  BlobCreateSnapshotResponse,
  BlobGetPropertiesOptions,
  BlobGetPropertiesResponse,
  BlobRequestConditions,
  BlobSetMetadataOptions,
  BlobSetMetadataResponse,
  Metadata,
} from '@azure/storage-blob';
import { storedLayout, storedProtocolOf } from '../envelope/envelope.js';
import { integrityOf } from '../envelope/integrity/integrity-options.js';
import {
  expectedTagOf,
  type IntegrityTagged,
  type ExpectedTagOptions,
  type StatedIntegrity,
  statedIntegrity,
} from '../envelope/integrity/integrity-tag.js';
import { StaleContentError } from '../errors/integrity.js';
import { isChanged, retryOnConflict } from '../service-errors.js';
import { encryptionDataOf, withEncryptionData } from '../wire/blob-metadata.js';
import { assertChangeable, assertMetadataFits, type BlobContext, refuseMisplacedConditions } from './blob-context.js';
import { stateOf } from './service-answer.js';
import type { EncryptionData } from '../wire/encryption-data.js';
import { describedBlob, type StoredBlob } from './stored-blob.js';

/** Maximum number of attempts if other writers are faster. */
const CHANGE_ATTEMPTS = 8;

/** The SDK's properties of a blob, and whether it is encrypted. */
export type EncryptedBlobProperties = BlobGetPropertiesResponse &
  IntegrityTagged & {
    /** Whether the blob has encryption data. If so, `contentLength` is the length of the ciphertext. */
    readonly encrypted: boolean;
    /** Number of plaintext bytes. Absent for 1.0 block blobs without integrity entries, where only decryption shows how much is padding. */
    readonly plaintextContentLength?: number;
  };

export async function getProperties(
  { client, policy }: BlobContext,
  options: BlobGetPropertiesOptions & ExpectedTagOptions,
): Promise<EncryptedBlobProperties> {
  const { expectedIntegrityTag: _tag, ...passed } = options;
  const expected = expectedTagOf(policy, options)?.toString('base64');
  const response = await client.getProperties(passed);
  const stored = describedBlob(response);
  const stated = integrityOf(policy) === 'off' ? {} : statedOf(stored);
  if (expected !== undefined && stated.integrityTag !== expected) throw new StaleContentError();
  if (stored.encryptionData === undefined) {
    return { ...response, encrypted: false, plaintextContentLength: stored.storedLength };
  }
  const { integrityTag } = stated;
  const length = plaintextLengthOf(stored.encryptionData, stored, stated);
  return { ...response, encrypted: true, plaintextContentLength: length, integrityTag };
}

function statedOf({ encryptionData, form }: StoredBlob): StatedIntegrity {
  if (encryptionData === undefined) return {};
  return statedIntegrity({ protocol: storedProtocolOf(encryptionData), form }, encryptionData.additions);
}

/** From the layout or, if padding hides the length, from the entries, if they match what is stored. */
function plaintextLengthOf(
  encryptionData: EncryptionData,
  { form, storedLength }: StoredBlob,
  { plaintextLength }: StatedIntegrity,
): number | undefined {
  const layout = storedLayout(encryptionData, form);
  const { least, most } = layout.plaintextBounds(storedLength);
  if (least === most) return most;
  const isPossible = plaintextLength !== undefined && layout.ciphertextLength(plaintextLength) === storedLength;
  return isPossible ? plaintextLength : undefined;
}

export function setMetadata(
  context: BlobContext,
  metadata: Metadata | undefined,
  options: BlobSetMetadataOptions,
): Promise<BlobSetMetadataResponse> {
  return underEtag(context, options, ({ metadata: stored }, conditions) =>
    context.client.setMetadata(keptIn(metadata, stored), { ...options, conditions }),
  );
}

export function createSnapshot(
  context: BlobContext,
  options: BlobCreateSnapshotOptions,
): Promise<BlobCreateSnapshotResponse> {
  const { metadata } = options;
  assertChangeable(context);
  // without new metadata the service copies the existing metadata, including the entry
  if (metadata === undefined) return context.client.createSnapshot(options);
  return underEtag(context, options, ({ metadata: stored }, conditions) =>
    context.client.createSnapshot({ ...options, metadata: keptIn(metadata, stored), conditions }),
  );
}

/** Gets the state that a change starts from, and the conditions under which nobody else has changed it. */
type Change<Result> = (properties: BlobGetPropertiesResponse, conditions: BlobRequestConditions) => Promise<Result>;

/** Makes a change under the ETag that was read. Retries if another writer was faster, unless the caller set the ETag. */
export async function underEtag<Result>(
  context: BlobContext,
  options: BlobGetPropertiesOptions,
  change: Change<Result>,
): Promise<Result> {
  assertChangeable(context);
  refuseMisplacedConditions(options);
  const { abortSignal, tracingOptions, conditions, customerProvidedKey } = options;
  let isRead = false;
  return retryOnConflict({
    attempts: CHANGE_ATTEMPTS,
    abortSignal,
    // the caller's own conditions fail on reading, and would fail again
    isConflict: (error) => isRead && conditions?.ifMatch === undefined && isChanged(error),
    attempt: async () => {
      isRead = false;
      const properties = await context.client.getProperties({
        abortSignal,
        tracingOptions,
        conditions,
        customerProvidedKey,
      });
      isRead = true;
      return change(properties, { ...conditions, ifMatch: stateOf(properties, properties.contentLength).etag });
    },
  });
}

/** New metadata with the encryption data that is stored, if there is any. */
export function keptIn(metadata: Metadata | undefined, stored: Metadata | undefined): Metadata | undefined {
  const text = encryptionDataOf(stored);
  if (text === undefined) return metadata;
  const merged = withEncryptionData(metadata, text);
  assertMetadataFits(merged);
  return merged;
}
