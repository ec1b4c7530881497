import type { BlobClient, ContainerClient } from '@azure/storage-blob';
import type { EncryptionPolicy } from '../../envelope/encryption-policy.js';
import type {
  BlindSpot,
  DeletedObject,
  Maintained,
  MaintainedPage,
  Precheck,
  Step,
  StepGroup,
  WalkOptions,
} from '../../envelope/maintenance/maintained.js';
import { pacedPolicy } from '../../envelope/maintenance/paced-keys.js';
import { type ObjectResult, resultOf, SAME } from '../../envelope/maintenance/outcome.js';
import { type MaintenanceTask, withoutTags } from '../../envelope/maintenance/task.js';
import { uncheckedWraps } from '../../envelope/maintenance/unchecked-wraps.js';
import { groupFaults, refuse } from '../../option-rules.js';
import { isForbidden, isMissing, statusOf } from '../../service-errors.js';
import type { BlobContext, BlobEnvironment } from '../blob-context.js';
import { BLOB_MAINTENANCE, type BlobMaintenanceOptions, propertiesOf } from './blob-maintenance-options.js';
import type { OpenCommit } from './commit-check.js';
import { deleteSuperseded, type KeptState } from './delete-superseded.js';
import { revealed } from './kept-back.js';
import { hasVersionId, type ListedBlob, type ListedPage, listedPages, type ListedPlaces } from './listed-blob.js';
import { precheckBlobs } from './precheck.js';
import { protectionOf } from './protection.js';
import { reencryptListed } from './reencrypt-listed.js';
import { isUnderReencryption, reencryptPages } from './reencrypt-pages.js';
import { rewrapListed } from './rewrap-listed.js';

interface BlobsAccess {
  readonly container: ContainerClient;
  readonly policy: EncryptionPolicy;
  readonly environment: BlobEnvironment;
}

/** What a listing can include, from everything to what every account supports. */
const LISTINGS: readonly ListedPlaces[] = [
  { snapshots: true, versions: true, deleted: true },
  { snapshots: true, versions: false, deleted: true },
  { snapshots: true, versions: false, deleted: false },
];
const CURRENT: ListedPlaces = { snapshots: false, versions: false, deleted: false };

/** Error codes for listings that an account does not support. */
const UNSUPPORTED = [400, 409, 501];

/** The blobs of a container, or those under a prefix, as a source for maintenance. */
export class MaintainedBlobs implements Maintained<ListedBlob> {
  readonly kind = 'blobs';
  readonly isDivisible = true;
  /** Neither logs nor JSON show what is in it: clients would show the account key. */
  readonly #access: BlobsAccess;
  readonly #options: BlobMaintenanceOptions;
  readonly #distinctKeys = new Set<string>();
  /** Snapshots of current blobs that this process has taken, by name. */
  readonly #kept = new Map<string, KeptState>();
  readonly #interrupted = new Map<string, OpenCommit>();
  readonly #interruptedPages = new Map<string, () => Promise<ObjectResult>>();
  #listing = 0;
  /** Whether a missing permission of this identity limited the listing. */
  #isForbidden = false;
  #keepsVersions = false;
  #hasDeletedDirectories = false;

  constructor(access: BlobsAccess, options: BlobMaintenanceOptions = {}) {
    refuse(groupFaults(BLOB_MAINTENANCE, options));
    this.#access = access;
    this.#options = options;
  }

  /** Name of the container, with the prefix if there is one. */
  get name(): string {
    const [{ containerName }, { prefix }] = [this.#access.container, this.#options];
    return prefix === undefined ? containerName : `${containerName}/${prefix}`;
  }

  get account(): string {
    return this.#access.container.accountName;
  }

  async *pages(options: WalkOptions): AsyncGenerator<MaintainedPage<ListedBlob>> {
    const { customerProvidedKey } = this.#options;
    const revealing = { walk: options, customerProvidedKey, clientOf: (blob: ListedBlob) => this.#clientOf(blob) };
    for await (const page of this.#listed(options)) yield await revealed(page, revealing);
  }

  async *#listed(options: WalkOptions): AsyncGenerator<ListedPage> {
    const { prefix, pageSize } = this.#options;
    if (options.everything) yield* this.#everything(options);
    else yield* listedPages(this.#access.container, { prefix, pageSize, places: CURRENT }, options);
  }

  /** The most complete listing that the account supports and this identity is allowed to see. */
  async *#everything(options: WalkOptions): AsyncGenerator<ListedPage> {
    const { prefix, pageSize } = this.#options;
    for (let listing = this.#listing; ; listing += 1) {
      const places = LISTINGS[listing] as ListedPlaces;
      let hasBegun = false;
      try {
        for await (const page of listedPages(this.#access.container, { prefix, pageSize, places }, options)) {
          hasBegun = true;
          this.#listing = listing;
          yield this.#watched(page);
        }
        return;
      } catch (error) {
        const isUnsupported = isForbidden(error) || UNSUPPORTED.includes(statusOf(error) ?? 0);
        if (hasBegun || !isUnsupported || listing === LISTINGS.length - 1) throw error;
        this.#isForbidden ||= isForbidden(error);
      }
    }
  }

  /** Only an account that keeps old versions names the version of a blob. */
  #watched(page: ListedPage): ListedPage {
    this.#hasDeletedDirectories ||= page.hasDeletedDirectory;
    this.#keepsVersions ||= page.objects.some(hasVersionId);
    return page;
  }

  taskFor(task: MaintenanceTask): MaintenanceTask {
    // as plaintext, what is sealed in another format would be sealed twice
    if (this.#options.foreign === undefined && task.do === 'reencrypt' && task.when.foreign === true)
      refuse([
        `container ${this.#access.container.containerName} has no reader for the foreign format: set "foreign" of forMaintenance`,
      ]);
    return withoutTags(task);
  }

  async precheck(task: MaintenanceTask): Promise<Precheck> {
    const { container, policy } = this.#access;
    const { refusals, warnings } = await precheckBlobs(container, task, this.#options);
    return { refusals, warnings: [...uncheckedWraps(policy, task), ...warnings] };
  }

  async act([blob]: StepGroup<ListedBlob>, step: Step): Promise<readonly ObjectResult[]> {
    const result = await this.#actOn(blob, step);
    if (result.outcome !== 'immutable') return [result];
    return [(await protectionOf(this.#clientOf(blob), { ...this.#options, step })) ?? result];
  }

  /** Of a blob, a snapshot or an old version. */
  #clientOf({ name, place, copy = '' }: DeletedObject): BlobClient {
    const client = this.#access.container.getBlobClient(name);
    if (place === 'snapshot') return client.withSnapshot(copy);
    return place === 'version' ? client.withVersion(copy) : client;
  }

  async #actOn(blob: ListedBlob, step: Step): Promise<ObjectResult> {
    const { task } = step;
    const options = this.#options;
    const { threads: _none, ...context } = this.#contextOf(blob, step);
    if (task.do === 'deleteSuperseded') {
      const deleting = { ...options, context, client: this.#clientOf(blob), step, kept: this.#kept };
      return deleteSuperseded(blob, deleting);
    }
    if (blob.place !== 'current') return { outcome: 'readOnly' };
    if (task.do === 'rewrap')
      return rewrapListed(blob, { ...options, ...task, context, step, distinctKeys: this.#distinctKeys });
    if (task.do !== 'reencrypt') return SAME;
    if (this.#isOfPages(blob, task)) {
      const client = this.#access.container.getPageBlobClient(blob.name);
      return reencryptPages({ ...options, context: { ...context, client }, step, interrupted: this.#interruptedPages });
    }
    const client = this.#access.container.getBlockBlobClient(blob.name);
    return reencryptListed(blob, { ...options, context: { ...context, client }, step, interrupted: this.#interrupted });
  }

  hasBegun(blob: ListedBlob, task: MaintenanceTask): boolean {
    return this.#isOfPages(blob, task) && isUnderReencryption(blob.text);
  }

  /** Foreign formats are read only from block blobs. */
  #isOfPages({ facts, place }: ListedBlob, task: MaintenanceTask): boolean {
    if (task.do !== 'reencrypt' || task.when.foreign === true || this.#options.pageBlobs !== true) return false;
    return facts.BlobType === 'PageBlob' && place === 'current';
  }

  async isGone(copy: DeletedObject, step: Step): Promise<boolean> {
    try {
      await propertiesOf(this.#clientOf(copy), { ...this.#options, step });
      return false;
    } catch (error) {
      if (isMissing(error)) return true;
      if (resultOf(error) === null) throw error;
      return false;
    }
  }

  #contextOf({ name, facts }: ListedBlob, step: Step): BlobContext {
    const { container, environment } = this.#access;
    const policy = pacedPolicy(this.#access.policy, step);
    const client =
      facts.BlobType === 'PageBlob' ? container.getPageBlobClient(name) : container.getBlockBlobClient(name);
    return { ...environment, container, policy, client };
  }

  warnings(): readonly string[] {
    if (!this.#keepsVersions) return [];
    const { containerName } = this.#access.container;
    return [
      `container ${containerName} keeps old versions: each changed blob leaves one, which cannot be rewrapped or encrypted`,
    ];
  }

  blindSpots(): readonly BlindSpot[] {
    const { versions, deleted } = LISTINGS[this.#listing] as ListedPlaces;
    const isBlocking = this.#isForbidden;
    const container = `container ${this.#access.container.containerName}`;
    return [
      ...(versions ? [] : [{ text: `old versions of blobs in ${container}: they cannot be listed`, isBlocking }]),
      ...(deleted
        ? []
        : [{ text: `deleted blobs in ${container} that can be restored: they cannot be listed`, isBlocking }]),
      ...(this.#hasDeletedDirectories
        ? [{ text: `what is in deleted directories of ${container}: it is not listed`, isBlocking: true }]
        : []),
      ...(this.#options.prefix === undefined
        ? []
        : [{ text: `blobs of ${container} under other prefixes`, isBlocking: false }]),
    ];
  }
}
