/** Options of a table client, and options of its calls in addition to those of the SDK. */
import type { ExpectedTagOptions } from '../envelope/integrity/integrity-tag.js';
import type { KeyChoiceOptions } from '../envelope/key-choice.js';
import type { EncryptedQueryOptions } from './entity-query.js';
import type { MergeOptions } from './merge/merge-entity.js';
import type { TableDecryptionFailedHandler } from './page.js';
import type { SearchTagMismatchListener } from './search/tag-mismatch.js';

/** Options that all calls of a table client share. */
export interface EncryptedTableDefaults {
  /** Used for every listing that has no handler. Default: none, so a row that cannot be decrypted makes its page throw. */
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
  /** Called for each row that is read with a wrong search tag. Default: none. */
  readonly onSearchTagMismatch?: SearchTagMismatchListener;
}

/** In addition to the SDK's options of a call. */
export type EncryptedTableOptions = KeyChoiceOptions;

/** In addition to the SDK's options of a read of one row. */
export type EncryptedReadRowOptions = EncryptedTableOptions & ExpectedTagOptions;

/** In addition to the SDK's options of a listing. */
export interface EncryptedListOptions<T extends object> extends EncryptedTableOptions, EncryptedQueryOptions<T> {
  /** Replaces the handler of the service for this call. */
  readonly onDecryptionFailed?: TableDecryptionFailedHandler;
}

export interface EncryptedMergeOptions extends EncryptedTableOptions, MergeOptions {}
