import type { CpkInfo } from '@azure/storage-blob';
import { callable, object, type RulesOf, text, wholeNumber } from '../../option-rules.js';
import { MOST_IN_PAGE } from './listed-blob.js';

/** How the blobs of a container are maintained. */
export interface BlobMaintenanceOptions {
  /** Only blobs whose names begin like this. */
  readonly prefix?: string;
  /**
   * Blobs in a page, 1 to 5,000. Progress is saved after each page: choose less for keys that are slow, as in a vault.
   *
   * @defaultValue 5,000
   */
  readonly pageSize?: number;
  /** The lease id of a leased blob, where the job may write to it. */
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
