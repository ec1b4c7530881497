/**
 * The port to whoever owns the keys. A key encryption key (KEK) wraps and unwraps content keys (CEKs) and never leaves its
 * owner. Source: docs/formats.md, "Keys".
 */
import type { AbortSignalLike } from '@azure/abort-controller';
import type { OperationTracingOptions } from '@azure/core-tracing';

/** Wrap algorithms that the built-in keys write. */
export type KeyWrapAlgorithm = 'A128KW' | 'A192KW' | 'A256KW' | 'RSA-OAEP' | 'RSA-OAEP-256';

/** What accompanies a call to a key; a key that talks to a service should honour the signal and pass on the tracing. */
export interface KeyOperationOptions {
  readonly abortSignal?: AbortSignalLike;
  readonly tracingOptions?: OperationTracingOptions;
  /**
   * What is written or read. Some services authenticate a context with the wrapped bytes (AWS KMS, Google Cloud KMS, HashiCorp
   * Vault): one made of the target keeps a wrapped key from being used for other content. What is kept in the unwrap cache answers
   * for the same target only. `undefined` in a health check that was given none.
   */
  readonly target?: EncryptionTarget;
}

/** What is stored of a content key: who wrapped it, how, and the wrapped bytes. */
export interface WrappedKey {
  readonly keyId: string;
  readonly algorithm: string;
  readonly encryptedKey: Uint8Array;
}

/**
 * A key that wraps content keys. Implement it to keep keys where you want them.
 *
 * The package hands `wrapKey` 32 bytes (protocol 1.0) or 40 bytes (2.x) and expects the same bytes back from `unwrapKey`.
 * A method throws when it cannot do what it was asked; throw a `KeyUnavailableError` where a retry may help (the key
 * service is down), anything else means that the key is wrong or the wrapped bytes are.
 */
export interface KeyEncryptionKey {
  /** Stored with everything this key wraps, compared exactly. Never changes. */
  readonly keyId: string;
  /** `false` for a key that can only wrap (a public RSA key): reads then go to the key resolver, also for this id. */
  readonly canUnwrap?: boolean;
  /**
   * `false` for a key whose content keys are never kept in the unwrap cache: one that unwraps in memory and gains nothing, or one
   * whose owner wants to see, and be able to refuse, every single use.
   */
  readonly cacheUnwraps?: boolean;
  /** Wraps the bytes. The array is wiped afterwards: copy it if you keep it (do not). */
  wrapKey(contentKey: Uint8Array, options?: KeyOperationOptions): Promise<WrappedKey>;
  /** Unwraps the bytes. Throws if `algorithm` is not one that this key allows, or the bytes were not wrapped by it. */
  unwrapKey(encryptedKey: Uint8Array, algorithm: string, options?: KeyOperationOptions): Promise<Uint8Array>;
}

/** What is about to be written or read: lets one function choose keys per tenant, path or table. */
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

/** Picks the key for a write. */
export type KeyEncryptionKeySelector = (target: EncryptionTarget) => KeyEncryptionKey | Promise<KeyEncryptionKey>;

/**
 * Tells whether a key belongs to a target. Only `true` says that it does; throws only on failure to look.
 */
export type KeyPredicate = (keyId: string, target: EncryptionTarget) => boolean | Promise<boolean>;

/**
 * Finds the key for a read by the key id stored with the data.
 *
 * @returns the key of exactly that id, or `null` if it is not one of yours. Throws only on failure to look.
 */
export type KeyResolver = (
  keyId: string,
  target: EncryptionTarget,
) => KeyEncryptionKey | null | Promise<KeyEncryptionKey | null>;
