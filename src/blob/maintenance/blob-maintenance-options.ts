import type { CpkInfo } from '@azure/storage-blob';
import { callable, object, type RulesOf, text, wholeNumber } from '../../option-rules.js';
import { MOST_IN_PAGE } from './listed-blob.js';

/** Options for the maintenance of the blobs of a container. */
export interface BlobMaintenanceOptions {
  /** Only blobs whose names begin with this text. */
  readonly prefix?: string;
  /**
   * Number of blobs in a page, 1 to 5,000. Progress is saved after each page, so use fewer for slow keys, such as those in a vault.
   *
   * @defaultValue 5,000
   */
  readonly pageSize?: number;
  /** Returns the lease id of a leased blob that the job may write to. */
  readonly leaseIdOf?: (blobName: string) => string | undefined | Promise<string | undefined>;
  /** The customer-provided key that the service encrypts these blobs with. */
  readonly customerProvidedKey?: CpkInfo;
}

/** The rules of these options. */
export const BLOB_MAINTENANCE: RulesOf<BlobMaintenanceOptions> = {
  prefix: text,
  pageSize: wholeNumber(1, MOST_IN_PAGE),
  leaseIdOf: callable,
  customerProvidedKey: object,
};
