/** Options of a table client, and of its calls beside the SDK's own. */
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { EncryptedQueryOptions } from './entity-query.js';
import type { MergeOptions } from './merge/merge-entity.js';
import type { TableDecryptionFailedHandler } from './page.js';

/** What all calls of a table client share. */
export interface EncryptedTableDefaults {
  /** For every listing that has no handler of its own; default none: a row that cannot be decrypted makes the page throw. */
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
}

/** Beside the SDK's own options of a call. */
export type EncryptedTableOptions = KeyChoiceOptions;

/** Beside the SDK's own options of a listing. */
export interface EncryptedListOptions<T extends object> extends EncryptedTableOptions, EncryptedQueryOptions<T> {
  /** For this call, in place of the service's handler. */
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
}

export interface EncryptedMergeOptions extends EncryptedTableOptions, MergeOptions {}
