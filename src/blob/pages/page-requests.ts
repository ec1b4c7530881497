/** The requests of one upload of pages, and the state of a page blob at one moment. */
import type {
  BlobGetPropertiesResponse,
  BlobItem,
  BlobRequestConditions,
  PageBlobClient,
  PageBlobCreateOptions,
} from '@azure/storage-blob';
import { UnsupportedOperationError } from '../../errors/input.js';
import { nullIfMissing } from '../../service-errors.js';
import { encryptionDataOf, withEncryptionData } from '../../wire/blob-metadata.js';
import { type UnfinishedUpload, unfinishedUploadIn } from '../../wire/unfinished-upload.js';
import type { BlobContext } from '../blob-context.js';
import { metadataAsStored } from '../metadata-names.js';
import { stateOf } from '../service-answer.js';

/** Maximum number of attempts to get ahead of other uploads of the same blob, and of late page writes, which change the ETag. */
export const ATTEMPTS = 20;

export type PageBlobState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'whole'; readonly etag: string; readonly properties: BlobGetPropertiesResponse }
  | {
      readonly kind: 'unfinished';
      readonly etag: string;
      readonly properties: BlobGetPropertiesResponse;
      readonly upload: UnfinishedUpload;
    };

type PageRequestOptions = Pick<
  PageBlobCreateOptions,
  'abortSignal' | 'tracingOptions' | 'conditions' | 'customerProvidedKey' | 'encryptionScope'
>;

export interface PageBlobContext extends BlobContext {
  readonly client: PageBlobClient;
}

export class PageRequests {
  constructor(
    private readonly context: PageBlobContext,
    private readonly options: PageRequestOptions,
  ) {}

  get client(): PageBlobClient {
    return this.context.client;
  }

  /** The same under another abort signal. */
  under(abortSignal: AbortSignal): PageRequests {
    return new PageRequests(this.context, { ...this.options, abortSignal });
  }

  /** The same for a snapshot of the blob. */
  of(snapshot: string): PageRequests {
    return new PageRequests({ ...this.context, client: this.client.withSnapshot(snapshot) }, this.options);
  }

  /** Options of requests that neither read nor write content. */
  get plain(): Pick<PageRequestOptions, 'abortSignal' | 'tracingOptions'> {
    const { abortSignal, tracingOptions } = this.options;
    return { abortSignal, tracingOptions };
  }

  /** Options of requests that write. */
  get writing(): Omit<PageRequestOptions, 'conditions'> {
    const { customerProvidedKey, encryptionScope } = this.options;
    return { ...this.plain, customerProvidedKey, encryptionScope };
  }

  /** The caller's own conditions. */
  get conditions(): BlobRequestConditions {
    return this.options.conditions ?? {};
  }

  get lease(): BlobRequestConditions {
    const { leaseId } = this.conditions;
    return { leaseId };
  }

  /** Only for the state with that ETag, under the caller's lease. */
  ifMatch(etag: string): { readonly conditions: BlobRequestConditions } {
    return { conditions: { ...this.lease, ifMatch: etag } };
  }

  async state(): Promise<PageBlobState> {
    const { customerProvidedKey } = this.options;
    const properties = await this.client.getProperties({ ...this.plain, customerProvidedKey }).catch(nullIfMissing);
    if (properties === null) return { kind: 'absent' };
    const { etag } = stateOf(properties, properties.contentLength);
    const upload = unfinishedUploadIn(encryptionDataOf(properties.metadata));
    return upload === null ? { kind: 'whole', etag, properties } : { kind: 'unfinished', etag, properties, upload };
  }

  /** All metadata, with its names as they were stored; `null` if their letter case cannot be determined. */
  async namedMetadata(properties: BlobGetPropertiesResponse): Promise<Record<string, string> | null> {
    const { customerProvidedKey } = this.options;
    const options = { ...this.plain, customerProvidedKey, conditions: {} };
    try {
      const user = await metadataAsStored(this.context, properties, options);
      const text = encryptionDataOf(properties.metadata);
      return text === undefined ? user : withEncryptionData(user, text);
    } catch (error) {
      if (error instanceof UnsupportedOperationError) return null;
      throw error;
    }
  }

  /** Snapshots of the blob; none if the container cannot be listed. */
  async snapshots(): Promise<(readonly [snapshot: string, item: BlobItem])[]> {
    const { container } = this.context;
    const found: (readonly [string, BlobItem])[] = [];
    if (container === undefined) return found;
    const options = { ...this.plain, prefix: this.client.name, includeSnapshots: true, includeMetadata: true };
    for await (const item of container.listBlobsFlat(options)) {
      // sorted by name: all of this blob come before those that have its name as a prefix
      if (item.name !== this.client.name) break;
      // the blob itself is among them
      if (item.snapshot) found.push([item.snapshot, item]);
    }
    return found;
  }
}
