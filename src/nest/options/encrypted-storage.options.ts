/** The options of the module, as users write them. */
import type { TableServiceClientOptions } from '@azure/data-tables';
import type { StoragePipelineOptions } from '@azure/storage-blob';
import type { StoragePipelineOptions as QueuePipelineOptions } from '@azure/storage-queue';
import type { ConfigurableModuleAsyncOptions, Type } from '@nestjs/common';
import type { IntegrityOptions } from '../../envelope/integrity/integrity-options.js';
import type { KeyCallOptions } from '../../envelope/key-call-options.js';
import type {
  KeyEncryptionKey,
  KeyEncryptionKeySelector,
  KeyPredicate,
  KeyResolver,
} from '../../keys/key-encryption-key.js';
import type { KeyVaultOptions } from '../../keys/vault/key-vault-options.js';
import type { SearchKeys, SearchKeysSelector } from '../../keys/search-keys.js';
import type { ProtocolVersion } from '../../protocol/registry.js';
import type { EncryptedQueueOptions } from '../../queue/queue-options.js';
import type { TableDecryptionFailedHandler } from '../../table/page.js';
import type { SearchTagMismatchListener } from '../../table/search/tag-mismatch.js';
import type { StorageConnection } from './storage-connection.js';

/** How content is encrypted, and with which keys. */
export interface EncryptionOptions extends KeyCallOptions, IntegrityOptions {
  /**
   * The protocol version of new blobs and queue messages. `readProtocols` sets what can be read. There is no default:
   *
   * - `2.0`: AES-256-GCM, authenticated; read by the current SDKs. Choose this unless one of the others applies.
   * - `2.1`: the same with a region length that you choose; read only by recent releases of the SDKs.
   * - `1.0`: AES-256-CBC, the format of the legacy SDKs. Not authenticated: changes go unnoticed (CVE-2022-30187). Needed for old
   *   readers and for page blobs.
   *
   * Tables are always written in 1.0, the only version that any SDK defines for them. 2.1 writes messages as 2.0.
   */
  readonly protocol: ProtocolVersion;
  /**
   * The key that encrypts new data, or a function that chooses it. Without one, this module can only read, and a write is an
   * error.
   */
  readonly keyEncryptionKey?: KeyEncryptionKey | KeyEncryptionKeySelector;
  /**
   * Keys in Azure Key Vault or a Managed HSM: the key that writes, instead of `keyEncryptionKey`, and the keys that read, before
   * `keyResolver`. Rotations are followed. Requires the package `@azure/keyvault-keys`.
   */
  readonly keyVault?: KeyVaultOptions;
  /** Finds keys for reading. The id of `keyEncryptionKey` is read with that key; every other id is passed to this resolver. */
  readonly keyResolver?: KeyResolver | readonly KeyEncryptionKey[];
  /**
   * Limits every read and write to the keys that belong to the target: a tenant's own keys, including older ones. It is called
   * with the stored key id before any key is looked up, and with the id that is about to be stored. Unless it returns `true`, the
   * call fails with `KEY_NOT_ALLOWED`, no matter which keys are configured, cached or passed with the call.
   *
   * @defaultValue every key is allowed
   */
  readonly allowKey?: KeyPredicate;
  /**
   * The keys by which tables find rows with encrypted properties (`@Encrypt({ searchable })`), or a function that chooses those
   * of a tenant. They belong to the application and are never stored. Blobs and queues ignore them.
   *
   * @defaultValue none; then no class may have searchable properties
   */
  readonly searchKeys?: SearchKeys | SearchKeysSelector;
  /**
   * Whether plaintext in storage is an error. With `false`, content that was never encrypted is passed through, for containers,
   * queues and tables that you are migrating.
   *
   * @defaultValue true
   */
  readonly requireEncryption?: boolean;
  /**
   * 2.1 only: bytes of plaintext in a region, 16 to 1,073,741,824.
   *
   * @defaultValue 4,194,304
   */
  readonly regionLength?: number;
}

/** Options for blobs. */
export interface BlobOptions {
  /** Overrides of `encryption` for blobs. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** Passed to the SDK's client. */
  readonly clientOptions?: StoragePipelineOptions;
  /**
   * Number of worker threads of this account that seal uploads of more than one block, 0 to 64. With 0, uploads are sealed on the
   * event loop, in steps of at most a millisecond. A thread takes half of the work of an upload off the event loop in protocol
   * 1.0, but little in 2.x, whose cipher is fast (bench/README.md). Use threads on servers that upload hundreds of megabytes per
   * second. Each costs about 20 MiB of memory once it has started.
   *
   * @defaultValue 0
   */
  readonly workers?: number;
  /**
   * Bytes of memory, 0 to 1,073,741,824, that uploads leave for later uploads of the process, because allocating memory costs
   * more than the cipher. It holds ciphertext, and is freed when it has not been used for ten seconds. One upload fills
   * `concurrency` + 2 blocks; set as much as all concurrent uploads need, or 0 to keep nothing.
   *
   * @defaultValue 33,554,432
   */
  readonly keptMemory?: number;
}

/** Options for queues. */
export interface QueueOptions extends EncryptedQueueOptions {
  /** Overrides of `encryption` for queues. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** Passed to the SDK's client. */
  readonly clientOptions?: QueuePipelineOptions;
}

/** Options for tables. */
export interface TableOptions {
  /** Overrides of `encryption` for tables. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** Passed to the SDK's client. */
  readonly clientOptions?: TableServiceClientOptions;
  /**
   * Called for rows of a listing that cannot be decrypted, which are then left out. Without it, such a row makes its page throw.
   */
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
  /**
   * Called for rows that are read with a wrong search tag, so that searches do not find them by their value. The rows are still
   * returned.
   *
   * @defaultValue logs a warning, without the keys of the row
   */
  readonly onSearchTagMismatch?: SearchTagMismatchListener;
}

/** Options of `EncryptedStorageModule.forRoot`. */
export interface EncryptedStorageModuleOptions {
  readonly connection: StorageConnection;
  readonly encryption: EncryptionOptions;
  readonly blob?: BlobOptions;
  readonly queue?: QueueOptions;
  readonly table?: TableOptions;
}

/** What must be known before the options. */
export interface EncryptedStorageModuleExtras {
  /** Name of this account, if there are several: up to 63 characters, without `=` and `;`. The account without a name is the default. */
  readonly name?: string;
  /**
   * Whether the services can be injected everywhere.
   *
   * @defaultValue true
   */
  readonly isGlobal?: boolean;
}

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface EncryptedStorageOptionsFactory {
  /**
   * Returns the options, once at start-up.
   *
   * @param name - name of the account, as passed to `forRootAsync`
   */
  createEncryptedStorageOptions(name?: string): EncryptedStorageModuleOptions | Promise<EncryptedStorageModuleOptions>;
}

/** Options of `EncryptedStorageModule.forRootAsync`: a factory, or a class that returns the options. */
export type EncryptedStorageModuleAsyncOptions = ConfigurableModuleAsyncOptions<
  EncryptedStorageModuleOptions,
  'createEncryptedStorageOptions'
> &
  EncryptedStorageModuleExtras;

/** A container or queue, and whether to create it at start-up. */
export interface NamedResource {
  readonly name: string;
  readonly createIfNotExists?: boolean;
}

/** A table, identified by the class of its entities. */
export interface TableResource {
  readonly entity: Type<object>;
  /** Name of the table. The default is the one in `@EncryptedEntity()` of the class. */
  readonly table?: string;
  readonly createIfNotExists?: boolean;
}

/** The resources of a feature module. */
export interface EncryptedStorageFeatures {
  /** Policy of this feature module. Members that you leave out come from the root. */
  readonly encryption?: Partial<EncryptionOptions>;
  readonly containers?: readonly (string | NamedResource)[];
  readonly queues?: readonly (string | NamedResource)[];
  readonly tables?: readonly (Type<object> | TableResource)[];
}

/** What the factory of `forFeatureAsync` returns for a container or queue. */
export interface ResourceSettings {
  /** Name in the account. The default is the name for injection. */
  readonly name?: string;
  readonly createIfNotExists?: boolean;
}

/** What the factory of `forFeatureAsync` returns. Every member is optional. */
export interface EncryptedStorageFeatureSettings {
  /** Policy of this feature module. Members that you leave out come from the root. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** By the name for injection: the name of the container in the account, and whether to create it. */
  readonly containers?: Readonly<Record<string, string | ResourceSettings>>;
  /** By the name for injection: the name of the queue in the account, and whether to create it. */
  readonly queues?: Readonly<Record<string, string | ResourceSettings>>;
  /** For an entity class: the name of its table, and whether to create it. */
  readonly tables?: readonly TableResource[];
}

/** What `useClass` and `useExisting` of `forFeatureAsync` implement. */
export interface EncryptedStorageFeatureFactory {
  /**
   * Returns the settings, once at start-up.
   *
   * @param name - name of the account, as passed to `forFeatureAsync`
   */
  createEncryptedStorageFeature(
    name?: string,
  ): EncryptedStorageFeatureSettings | Promise<EncryptedStorageFeatureSettings>;
}

/**
 * Options of `EncryptedStorageModule.forFeatureAsync`: the names that clients are injected by, and where the settings come from.
 */
export type EncryptedStorageFeatureAsyncOptions = ConfigurableModuleAsyncOptions<
  EncryptedStorageFeatureSettings,
  'createEncryptedStorageFeature'
> &
  Omit<EncryptedStorageFeatures, 'encryption'>;
