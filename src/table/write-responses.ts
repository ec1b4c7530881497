/** Responses of the service to writes of rows, with what this package adds. */
import type {
  CreateTableEntityResponse,
  TableTransactionResponse,
  UpdateEntityResponse,
  UpsertEntityResponse,
} from '@azure/data-tables';
import type { IntegrityTagged } from '../envelope/integrity/integrity-tag.js';
import type { TaggedRows } from './entity-integrity-tag.js';
import type { Attempted } from './merge/attempts.js';

/** The response to an insert. */
export type EncryptedCreateResponse = CreateTableEntityResponse & IntegrityTagged;

/** The response to an update. A merge that the service did alone returns no tag, because the row keeps its tag. */
export type EncryptedUpdateResponse = UpdateEntityResponse & IntegrityTagged & Attempted;

/** The response to an upsert. The tag is missing as in {@link EncryptedUpdateResponse}. */
export type EncryptedUpsertResponse = UpsertEntityResponse & IntegrityTagged & Attempted;

/** The response to a transaction. */
export type EncryptedTransactionResponse = TableTransactionResponse & TaggedRows & Attempted;
