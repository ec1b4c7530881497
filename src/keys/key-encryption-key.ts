/**
 * The interface to the key owner. A key encryption key (KEK) wraps and unwraps content keys (CEKs) and never leaves its owner.
 * Source: docs/formats.md, "Keys".
 */
import type { AbortSignalLike } from '@azure/abort-controller';
import type { OperationTracingOptions } from '@azure/core-tracing';

/** Wrap algorithms that the built-in keys write. */
export type KeyWrapAlgorithm = 'A128KW' | 'A192KW' | 'A256KW' | 'RSA-OAEP' | 'RSA-OAEP-256';

/**
 * The options of a call to a key. A key that sends requests to a service should honor the signal and pass the tracing options on.
 */
export interface KeyOperationOptions {
  readonly abortSignal?: AbortSignalLike;
  readonly tracingOptions?: OperationTracingOptions;
  /**
   * What is written or read. Some services authenticate a context with the wrapped bytes (AWS KMS, Google Cloud KMS, HashiCorp
   * Vault). If you derive that context from the target, a wrapped key cannot be used for other content. The unwrap cache reuses a
   * content key only for the same target. `undefined` in a health check without a target.
   */
  readonly target?: EncryptionTarget;
}

/** The stored form of a content key: the id of the key that wrapped it, the algorithm, and the wrapped bytes. */
export interface WrappedKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly encryptedKey: Uint8Array;
}

/**
 * A key that wraps content keys. Implement it to keep keys wherever you want.
 *
 * The package passes 32 bytes (protocol 1.0) or 40 bytes (2.x) to `wrapKey`, and expects the same bytes back from `unwrapKey`. A
 * method that cannot do its work must throw. Throw a `KeyUnavailableError` if a retry may help, for example because the key
 * service is down. Any other error means that the key is wrong or the wrapped bytes are.
 */
export interface KeyEncryptionKey {
  /** Stored with everything that this key wraps, and compared exactly. It must never change. */
  readonly keyId: string;
  /** `false` for a key that can only wrap (a public RSA key). Reads then use the key resolver, also for this id. */
  readonly canUnwrap?: boolean;
  /**
   * `false` for a key whose content keys must not be kept in the unwrap cache: because it unwraps in memory and gains nothing
   * from a cache, or because its owner wants to see every use and be able to deny it.
   */
  readonly cacheUnwraps?: boolean;
  /** `true` for a key that wraps in this process. Events and spans report it, and maintenance jobs limit how fast they call other keys. */
  readonly wrapsInProcess?: boolean;
  /** `true` for a key that unwraps in this process. Maintenance jobs limit how fast they call other keys. */
  readonly unwrapsInProcess?: boolean;
  /** Wraps the bytes. The array is wiped afterwards, so copy it if you need to keep it (you should not). */
  wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey>;
  /** Unwraps the bytes. Throws if this key does not allow `algorithm`, or did not wrap the bytes. */
  unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array>;
}

/** What is about to be written or read. With it, one function can choose keys per tenant, path or table. */
export type EncryptionTarget =
  | { readonly kind: 'blob'; readonly account: string; readonly container: string; readonly blob: string }
  | { readonly kind: 'queue'; readonly account: string; readonly queue: string }
  | {
      readonly kind: 'table';
      readonly account: string;
      readonly table: string;
      readonly partitionKey: string;
      readonly rowKey: string;
    };

/** Chooses the key for a write. */
export type KeyEncryptionKeySelector = (target: EncryptionTarget) => KeyEncryptionKey | Promise<KeyEncryptionKey>;

/**
 * Returns whether a key belongs to a target. Only `true` means that it does. Throw only if the lookup fails.
 */
export type KeyPredicate = (keyId: string, target: EncryptionTarget) => boolean | Promise<boolean>;

/**
 * Finds the key for a read by the key id stored with the data.
 *
 * @returns the key with exactly that id, or `null` if it is not one of yours. Throw only if the lookup fails.
 */
export type KeyResolver = (
  keyId: string,
  target: EncryptionTarget,
) => KeyEncryptionKey | null | Promise<KeyEncryptionKey | null>;
