/**
 * Names that no option has. TypeScript does not look for them in what a factory returns, where a misspelt `allowKey` or
 * `unwrapCache` would be no rule at all and say nothing.
 */
import type { UnwrapCacheOptions } from '../../envelope/key-call-options.js';
import type {
  BlobOptions,
  EncryptedStorageFeatures,
  EncryptedStorageModuleExtras,
  EncryptedStorageModuleOptions,
  EncryptionOptions,
  QueueOptions,
  StorageConnection,
  TableOptions,
} from './encrypted-storage.options.js';

/** Every member of every form, so that the compiler holds the lists below to the types. */
type Names<T> = Readonly<Record<T extends unknown ? keyof T : never, true>>;

const OPTIONS: Names<EncryptedStorageModuleOptions> = {
  connection: true,
  encryption: true,
  blob: true,
  queue: true,
  table: true,
};
const EXTRAS: Names<EncryptedStorageModuleExtras> = { name: true, isGlobal: true };
const CONNECTION: Names<StorageConnection> = {
  connectionString: true,
  accountName: true,
  accountKey: true,
  endpointSuffix: true,
  credential: true,
  blobEndpoint: true,
  queueEndpoint: true,
  tableEndpoint: true,
  blobServiceClient: true,
  queueServiceClient: true,
  tableClientFactory: true,
};
const ENCRYPTION: Names<EncryptionOptions> = {
  protocol: true,
  keyEncryptionKey: true,
  keyResolver: true,
  allowKey: true,
  keyConcurrency: true,
  unwrapCache: true,
  requireEncryption: true,
  regionLength: true,
  integrity: true,
  readProtocols: true,
  maxRegionLength: true,
  context: true,
};
const UNWRAP_CACHE: Names<UnwrapCacheOptions> = { max: true, ttl: true };
const BLOB: Names<BlobOptions> = { encryption: true, clientOptions: true, workers: true };
const QUEUE: Names<QueueOptions> = {
  encryption: true,
  clientOptions: true,
  messageEncoding: true,
  onDecryptionFailed: true,
};
const TABLE: Names<TableOptions> = { encryption: true, clientOptions: true, onDecryptionFailed: true };
const FEATURES: Names<EncryptedStorageFeatures> = { encryption: true, containers: true, queues: true, tables: true };

/** Those of the module. `encryption` of each level is looked at by {@link unknownEncryptionFaults}. */
export function unknownOptionFaults(options: EncryptedStorageModuleOptions): readonly string[] {
  return [
    ...namesBut({ ...OPTIONS, ...EXTRAS }, options).map((name) => fault(name, OPTIONS)),
    ...namesBut(OPTIONS, options).filter(isExtra).map(misplaced),
    ...faultsAt('connection', options.connection, CONNECTION),
    ...faultsAt('blob', options.blob, BLOB),
    ...faultsAt('queue', options.queue, QUEUE),
    ...faultsAt('table', options.table, TABLE),
  ];
}

/** Those of one policy. */
export function unknownEncryptionFaults(
  encryption: Readonly<Record<string, unknown>>,
  path: string,
): readonly string[] {
  return [
    ...faultsAt(path, encryption, ENCRYPTION),
    ...faultsAt(`${path}.unwrapCache`, encryption['unwrapCache'], UNWRAP_CACHE),
  ];
}

/** Those of `forFeature`. */
export const unknownFeatureFaults = (features: EncryptedStorageFeatures): readonly string[] =>
  namesBut(FEATURES, features).map((name) => fault(name, FEATURES));

const faultsAt = (path: string, given: unknown, known: object): readonly string[] =>
  namesBut(known, given).map((name) => fault(`${path}.${name}`, known));

const fault = (path: string, known: object): string =>
  `${JSON.stringify(path)} is no option, there are ${Object.keys(known).join(', ')}`;

const isExtra = (name: string): boolean => Object.hasOwn(EXTRAS, name);

const misplaced = (name: string): string => `"${name}" stands beside the factory of forRootAsync, not in its answer`;

/** A member that is `undefined` counts as left out, as everywhere. */
function namesBut(known: object, given: unknown): readonly string[] {
  if (typeof given !== 'object' || given === null) return [];
  return Object.entries(given as Readonly<Record<string, unknown>>)
    .filter(([name, value]) => value !== undefined && !Object.hasOwn(known, name))
    .map(([name]) => name);
}
