/** What is reported about a row that searches may not find. */

/**
 * What is wrong with the tag of a property.
 *
 * - `missing`: the row has none, so no search finds it
 * - `different`: it is the tag of another value, or of a key that is not given
 * - `leftover`: the entry of a value that the row does not have any more could not be removed
 */
export type SearchTagFault = 'missing' | 'different' | 'leftover';

/** A row that searches may not find by the value that it has, or still read for a value that it had. `reindex` repairs it. */
export interface SearchTagMismatch {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly tableName: string;
  readonly propertyName: string;
  readonly fault: SearchTagFault;
}

/**
 * Called for each row that is read with a wrong tag. The row is still returned. If the listener throws, the call rejects with
 * that error.
 */
export type SearchTagMismatchListener = (mismatch: SearchTagMismatch) => void;
