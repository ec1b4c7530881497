/** The options of the module, as users write them. */
import type { TokenCredential } from '@azure/core-auth';
import type { TableClient, TableServiceClientOptions } from '@azure/data-tables';
import type { BlobServiceClient, StoragePipelineOptions } from '@azure/storage-blob';
import type { QueueServiceClient, StoragePipelineOptions as QueuePipelineOptions } from '@azure/storage-queue';
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
import type { ProtocolVersion } from '../../protocol/registry.js';
import type { QueueDecryptionFailedHandler } from '../../queue/decryption-failure.js';
import type { MessageEncoding } from '../../queue/message-encoding.js';
import type { TableDecryptionFailedHandler } from '../../table/page.js';

/** A name and its key, as the portal shows them. */
export interface AccountKey {
  readonly accountName: string;
  readonly accountKey: string;
}

/**
 * How to reach the account: exactly one of these forms.
 *
 * A `StorageSharedKeyCredential` instance is refused on purpose: the Azure SDK ships two builds and replaces an instance of the
 * other build silently by an anonymous credential. Strings, a `TokenCredential` and whole clients are safe.
 */
export type StorageConnection =
  | { readonly connectionString: string }
  | (AccountKey & { readonly endpointSuffix?: string })
  | { readonly accountName: string; readonly credential: TokenCredential; readonly endpointSuffix?: string }
  | {
      readonly blobEndpoint?: string;
      readonly queueEndpoint?: string;
      readonly tableEndpoint?: string;
      readonly credential?: TokenCredential | AccountKey;
    }
  | {
      readonly blobServiceClient?: BlobServiceClient;
      readonly queueServiceClient?: QueueServiceClient;
      /** Gives the plain SDK client of a table. */
      readonly tableClientFactory?: (tableName: string) => TableClient;
    };

/** What is encrypted how, and with which keys. */
export interface EncryptionOptions extends KeyCallOptions, IntegrityOptions {
  /**
   * What new blobs and queue messages are written in; `readProtocols` says what is read. There is no default:
   *
   * - `2.0`: AES-256-GCM, authenticated; read by the current SDKs. Choose this unless something below applies.
   * - `2.1`: the same with a region length of your choice; read by recent releases of them.
   * - `1.0`: AES-256-CBC, the format of the legacy SDKs. Not authenticated: changes go unnoticed (CVE-2022-30187). Needed for old
   *   readers and for page blobs.
   *
   * Tables are written in 1.0, the only version that any SDK has for them. 2.1 writes messages as 2.0.
   */
  readonly protocol: ProtocolVersion;
  /** The key that new data is written with, or a function that picks it. Without one this module only reads: a write is an error. */
  readonly keyEncryptionKey?: KeyEncryptionKey | KeyEncryptionKeySelector;
  /**
   * Keys in Azure Key Vault or a Managed HSM: the one to write with, in place of `keyEncryptionKey`, and those to read with, before
   * `keyResolver`. Rotations are followed. Needs the package `@azure/keyvault-keys`.
   */
  readonly keyVault?: KeyVaultOptions;
  /** Finds keys for reading. The key id of `keyEncryptionKey` is answered by that key; anything else comes here. */
  readonly keyResolver?: KeyResolver | readonly KeyEncryptionKey[];
  /**
   * Holds every read and write to the keys that belong to the target: a tenant's own, its older ones included. Asked for the key id
   * that is stored before any key is looked for, and for the id that is about to be stored. Unless it answers `true`, that is
   * `KEY_NOT_ALLOWED`, whatever keys are configured, kept in the cache or given with the call.
   *
   * @defaultValue every key is allowed
   */
  readonly allowKey?: KeyPredicate;
  /**
   * Whether plaintext in storage is an error. `false` hands through what was never encrypted, for containers, queues and tables
   * that are being migrated.
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

/** What concerns blobs alone. */
export interface BlobOptions {
  /** What differs from `encryption` for blobs. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** Handed to the SDK's client. */
  readonly clientOptions?: StoragePipelineOptions;
  /**
   * Worker threads of this account that seal uploads of more than one block, 0 to 64. With none, uploads are sealed on the
   * event loop in steps of at most a millisecond; a thread takes half of an upload's work in protocol 1.0 off it, but
   * little in 2.x, whose cipher is fast (bench/README.md). For servers that upload hundreds of megabytes a second. Each
   * costs about 20 MiB of memory once it has started.
   *
   * @defaultValue 0
   */
  readonly workers?: number;
}

/** What concerns queues alone. */
export interface QueueOptions {
  /** What differs from `encryption` for queues. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** Handed to the SDK's client. */
  readonly clientOptions?: QueuePipelineOptions;
  /**
   * What a message looks like inside the ciphertext.
   *
   * @defaultValue 'text'
   */
  readonly messageEncoding?: MessageEncoding;
  /** Told of messages that cannot be decrypted, which are then left out; without it such a message makes the call throw. */
  readonly onDecryptionFailed?: QueueDecryptionFailedHandler;
}

/** What concerns tables alone. */
export interface TableOptions {
  /** What differs from `encryption` for tables. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** Handed to the SDK's client. */
  readonly clientOptions?: TableServiceClientOptions;
  /** Told of rows of a listing that cannot be decrypted, which are then left out; without it such a row makes the page throw. */
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
}

/** Options of `EncryptedStorageModule.forRoot`. */
export interface EncryptedStorageModuleOptions {
  readonly connection: StorageConnection;
  readonly encryption: EncryptionOptions;
  readonly blob?: BlobOptions;
  readonly queue?: QueueOptions;
  readonly table?: TableOptions;
}

/** What has to be known before the options are. */
export interface EncryptedStorageModuleExtras {
  /** Name of this account among several; the unnamed one is the default. */
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
   * Gives the options, once at start-up.
   *
   * @param name - of the account, as `forRootAsync` has it
   */
  createEncryptedStorageOptions(name?: string): EncryptedStorageModuleOptions | Promise<EncryptedStorageModuleOptions>;
}

/** Options of `EncryptedStorageModule.forRootAsync`: a factory, or a class that gives the options. */
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

/** A table, by the class of its entities. */
export interface TableResource {
  readonly entity: Type<object>;
  /** Name of the table; the one of the class's `@EncryptedEntity()` unless given. */
  readonly table?: string;
  readonly createIfNotExists?: boolean;
}

/** What a feature module uses. */
export interface EncryptedStorageFeatures {
  /** Policy of this feature module alone: what it leaves out comes from the root. */
  readonly encryption?: Partial<EncryptionOptions>;
  readonly containers?: readonly (string | NamedResource)[];
  readonly queues?: readonly (string | NamedResource)[];
  readonly tables?: readonly (Type<object> | TableResource)[];
}

/** What the factory of `forFeatureAsync` decides about a container or queue. */
export interface ResourceSettings {
  /** Name in the account; the one that it is injected by unless given. */
  readonly name?: string;
  readonly createIfNotExists?: boolean;
}

/** What the factory of `forFeatureAsync` answers: all of it may be left out. */
export interface EncryptedStorageFeatureSettings {
  /** Policy of this feature module alone: what it leaves out comes from the root. */
  readonly encryption?: Partial<EncryptionOptions>;
  /** By the name that the container is injected by: its name in the account, and whether to create it. */
  readonly containers?: Readonly<Record<string, string | ResourceSettings>>;
  /** By the name that the queue is injected by: its name in the account, and whether to create it. */
  readonly queues?: Readonly<Record<string, string | ResourceSettings>>;
  /** By the entity class: the name of its table, and whether to create it. */
  readonly tables?: readonly TableResource[];
}

/** What `useClass` and `useExisting` of `forFeatureAsync` implement. */
export interface EncryptedStorageFeatureFactory {
  /**
   * Gives the settings, once at start-up.
   *
   * @param name - of the account, as `forFeatureAsync` has it
   */
  createEncryptedStorageFeature(
    name?: string,
  ): EncryptedStorageFeatureSettings | Promise<EncryptedStorageFeatureSettings>;
}

/** Options of `EncryptedStorageModule.forFeatureAsync`: what is injected by which name, and where the settings come from. */
export type EncryptedStorageFeatureAsyncOptions = ConfigurableModuleAsyncOptions<
  EncryptedStorageFeatureSettings,
  'createEncryptedStorageFeature'
> &
  Omit<EncryptedStorageFeatures, 'encryption'>;
