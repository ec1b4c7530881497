import type { BlobClient, BlobGetPropertiesResponse, CpkInfo } from '@azure/storage-blob';
import { type CallOptions, callOptions, type Step } from '../../envelope/maintenance/maintained.js';
import { callable, flag, isObject, must, object, type RulesOf, text, wholeNumber } from '../../option-rules.js';
import { stateOf } from '../service-answer.js';
import type { ForeignSource } from './foreign-source.js';
import { MOST_IN_PAGE } from './listed-blob.js';

/** Options for the maintenance of the blobs of a container. */
export interface BlobMaintenanceOptions {
  /** Only blobs whose names begin with this text. */
  readonly prefix?: string;
  /**
   * Number of blobs in a page, 1 to 5,000. Progress is saved after each page, so use fewer for slow keys, such as those in a vault.
   *
   * @defaultValue 1,000
   */
  readonly pageSize?: number;
  /** Returns the lease id of a leased blob that the job may write to. */
  readonly leaseIdOf?: (blobName: string) => string | undefined | Promise<string | undefined>;
  /**
   * Whether a job may change blobs although the account keeps each old state as a version, which cannot be rewrapped or
   * encrypted. Without this option, such a job does not begin; a dry run warns.
   *
   * @defaultValue false
   */
  readonly acceptVersions?: boolean;
  /**
   * Encrypts append blobs again too, as block blobs: programs that append to them get 409 `InvalidBlobType` afterwards. Each is
   * replaced in one request, so it may have up to 64 MiB. Longer ones are reported as `tooLarge`.
   *
   * @defaultValue false: append blobs are reported and not changed
   */
  readonly toBlock?: boolean;
  /**
   * Encrypts page blobs again too, in protocol 1.0, the only one that supports them. Meanwhile a reader of such a blob gets
   * `UPLOAD_UNFINISHED`. First stop programs that write single pages: what they write in that time is lost, and the blob is
   * reported as `damaged` with `READ_BACK_FAILED`.
   *
   * @defaultValue false: page blobs are reported and not changed
   */
  readonly pageBlobs?: boolean;
  /** Reads the blobs that a task with `when: { foreign: true }` selects. */
  readonly foreign?: ForeignSource;
  /**
   * The customer-provided key that the service encrypts these blobs with. A listing does not show their encryption data, so without it, and
   * under another one, they are reported as `damaged`. With it, each takes a request more.
   */
  readonly customerProvidedKey?: CpkInfo;
}

/** Maximum number of attempts if other writers keep changing a blob. */
export const ATTEMPTS = 5;

/** What every request of a step for a blob needs. */
export interface RequestParts extends Pick<BlobMaintenanceOptions, 'customerProvidedKey'> {
  readonly step: Step;
}

/** The options of every request for a blob that reads or writes what the service encrypts. */
export const requestOptions = ({
  step,
  customerProvidedKey,
}: RequestParts): CallOptions & Omit<RequestParts, 'step'> => ({ ...callOptions(step), customerProvidedKey });

export async function propertiesOf(client: BlobClient, parts: RequestParts): Promise<BlobGetPropertiesResponse> {
  await parts.step.beforeRequest();
  return client.getProperties(requestOptions(parts));
}

/** The ETag that ties other requests to this state of the blob. Throws {@link InvalidServiceResponseError} if there is none. */
export const etagIn = (properties: BlobGetPropertiesResponse): string =>
  stateOf(properties, properties.contentLength).etag;

/** What writing steps of blobs left to be continued, by the name of the blob. A dry run neither continues nor forgets it. */
export const interruptedIn = <Left>(left: Map<string, Left>, { dryRun }: Step): Map<string, Left> =>
  dryRun ? new Map<string, Left>() : left;

const foreignSource = must(
  (value) => isObject(value) && typeof value['read'] === 'function',
  'an object with a function "read"',
);

export const BLOB_MAINTENANCE: RulesOf<BlobMaintenanceOptions> = {
  prefix: text,
  pageSize: wholeNumber(1, MOST_IN_PAGE),
  leaseIdOf: callable,
  acceptVersions: flag,
  toBlock: flag,
  pageBlobs: flag,
  foreign: foreignSource,
  customerProvidedKey: object,
};
