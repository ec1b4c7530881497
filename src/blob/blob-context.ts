/** What every operation on one blob needs, and what all calls share. */
import type { BlobClient, BlobHTTPHeaders, ContainerClient } from '@azure/storage-blob';
import type { CipherThreads } from '../crypto/cipher-threads.js';
import { PayloadTooLargeError, UnsupportedOperationError } from '../errors/input.js';
import { refuse } from '../option-rules.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import type { ExpectedTagOptions } from '../envelope/integrity/integrity-tag.js';
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { EncryptionTarget } from '../keys/key-encryption-key.js';
import { metadataLength, METADATA_LIMIT } from '../wire/blob-metadata.js';

/** One additional member in the SDK's options. */
export type EncryptedOperationOptions = KeyChoiceOptions;

/** Options of reads in addition to the SDK's. */
export type EncryptedReadOptions = EncryptedOperationOptions & ExpectedTagOptions;

/** What the clients of one service share in addition to the policy. */
export interface BlobEnvironment {
  /** Threads that seal large uploads. Without them, uploads are sealed in small steps on the event loop. */
  readonly threads?: CipherThreads;
  /**
   * Bytes of memory that uploads leave for later uploads of this process.
   *
   * @defaultValue 33,554,432
   */
  readonly keptMemory?: number | undefined;
  /** The container of a blob, for facts that only its listing shows. */
  readonly container?: ContainerClient;
}

export interface BlobContext extends BlobEnvironment {
  readonly client: BlobClient;
  readonly policy: EncryptionPolicy;
}

export const targetOf = ({ client }: BlobContext): EncryptionTarget => ({
  kind: 'blob',
  account: client.accountName,
  container: client.containerName,
  blob: client.name,
});

/** Rejects options that would describe plaintext to the service, or ciphertext to the caller. */
export function refuseHashes(options: object): void {
  const given = options as { blobHTTPHeaders?: BlobHTTPHeaders } & Record<string, unknown>;
  const named = [
    ...['transactionalContentMD5', 'transactionalContentCrc64', 'rangeGetContentMD5', 'rangeGetContentCrc64'].filter(
      (name) => given[name] !== undefined && given[name] !== false,
    ),
    ...(given.blobHTTPHeaders?.blobContentMD5 === undefined ? [] : ['blobHTTPHeaders.blobContentMD5']),
  ];
  if (named.length === 0) return;
  throw new UnsupportedOperationError(
    `${named.join(', ')} cannot be used with encryption: a hash of the plaintext does not fit what is stored, and would reveal it`,
  );
}

const CONDITIONS = ['ifMatch', 'ifNoneMatch', 'ifModifiedSince', 'ifUnmodifiedSince', 'tagConditions', 'leaseId'];

/** Rejects conditions without `conditions` around them: the SDK would ignore them, and overwrite or delete any blob. */
export function refuseMisplacedConditions(options: object = {}): void {
  const named = CONDITIONS.filter((name) => Reflect.get(options, name) !== undefined);
  refuse(named.map((name) => `"${name}" must be in "conditions", as for the SDK`));
}

/** The service ignores the snapshot or version that a change is meant for, and would change the blob itself. */
export function assertChangeable({ client }: BlobContext): void {
  if (!client.url.includes('?')) return;
  const parameters = [...new URL(client.url).searchParams.keys()].map((name) => name.toLowerCase());
  if (!parameters.includes('snapshot') && !parameters.includes('versionid')) return;
  throw new UnsupportedOperationError(
    'Snapshots and versions cannot be changed: call this method on a client of the blob itself',
  );
}

/** Throws before anything is sent if the service would reject the metadata at the end of an upload. */
export function assertMetadataFits(metadata: Record<string, string>): void {
  const length = metadataLength(metadata);
  if (length > METADATA_LIMIT) throw new PayloadTooLargeError('The blob metadata', METADATA_LIMIT, length);
}

/** Throws {@link InvalidOptionsError} with all faults of a range. */
export function assertRange(offset: number, count: number | undefined): void {
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  refuse([
    ...(isWhole(offset) ? [] : ['"offset" must be a whole number of bytes from 0']),
    ...(count === undefined || isWhole(count) ? [] : ['"count" must be a whole number of bytes from 0']),
  ]);
}
