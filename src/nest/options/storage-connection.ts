/** How to reach an account, as users write it. */
import type { TokenCredential } from '@azure/core-auth';
import type { TableClient } from '@azure/data-tables';
import type { BlobServiceClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';

/** An account name and its key, as the portal shows them. */
export interface AccountKey {
  readonly accountName: string;
  readonly accountKey: string;
}

/**
 * How to reach the account: exactly one of these forms.
 *
 * A `StorageSharedKeyCredential` instance is deliberately rejected: the Azure SDK ships two builds, and silently replaces an
 * instance of the other build with an anonymous credential. Strings, a `TokenCredential` and whole clients are safe.
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
      /** Returns the plain SDK client of a table. */
      readonly tableClientFactory?: (tableName: string) => TableClient;
    };
