/**
 * Deletes a snapshot or an old version of a blob that the current blob supersedes: the current blob is not one that the task
 * selects, it opens with its own key, and it has the same content, metadata, tags and HTTP headers. So no content is lost. Unless
 * the account keeps versions, a new snapshot of the current blob is taken first, under the ETag of the comparison: what was
 * compared is kept even if another writer replaces the current blob at that moment.
 */
import type {
  BlobClient,
  BlobCreateSnapshotResponse,
  BlobDeleteResponse,
  BlobGetPropertiesResponse,
} from '@azure/storage-blob';
import { equalBytes } from '../../crypto/bytes.js';
import { callOptions, type Step } from '../../envelope/maintenance/maintained.js';
import { type ObjectResult, ownResult, resultOf, SAME } from '../../envelope/maintenance/outcome.js';
import { provingPolicy, readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { isChosen } from '../../envelope/maintenance/task.js';
import {
  isChanged,
  isForbidden,
  isMissing,
  nullIfMissing,
  retryOnConflict,
  serviceCodeOf,
} from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import type { BlobContext } from '../blob-context.js';
import {
  ATTEMPTS,
  type BlobMaintenanceOptions,
  etagIn,
  propertiesOf,
  requestOptions,
} from './blob-maintenance-options.js';
import { isDescribedAlike } from './description.js';
import type { ListedBlob } from './listed-blob.js';
import { protectionIn } from './protection.js';
import { digestOf } from './read-back.js';

interface Deleting extends BlobMaintenanceOptions {
  /** The current blob. */
  readonly context: BlobContext;
  /** The snapshot or old version. */
  readonly client: BlobClient;
  readonly step: Step;
  /** New snapshots of current blobs, taken or in progress, by name. */
  readonly kept: Map<string, KeptState>;
}

/** A state of a blob, with the request for its snapshot: several copies of a blob are compared at the same time. */
export interface KeptState {
  readonly etag: string;
  readonly taken: Promise<BlobCreateSnapshotResponse>;
}

/** Maximum number of states to remember. Beyond it a blob may get a second new snapshot. */
const MOST_KEPT = 1000;

const readOnly = (code: string): ObjectResult => ({ outcome: 'readOnly', code });

/** Throws errors that do not concern the blob itself. */
export async function deleteSuperseded(copy: ListedBlob, deleting: Deleting): Promise<ObjectResult> {
  const { step } = deleting;
  if (copy.copy === undefined || (copy.place !== 'snapshot' && copy.place !== 'version')) return SAME;
  const deletion = new Deletion(copy, deleting);
  const refusal = await deletion.settled(() => deletion.refusal());
  if (refusal !== null) return refusal;
  if (step.dryRun) return { outcome: 'deleted' };
  if ((await step.beforeDelete?.(copy)) === false) return SAME;
  return deletion.settled(() => deletion.delete());
}

class Deletion {
  private readonly current: BlobClient;
  private readonly client: BlobClient;

  constructor(
    private readonly copy: ListedBlob,
    private readonly deleting: Deleting,
  ) {
    this.current = deleting.context.client;
    this.client = deleting.client;
  }

  /** Turns an error that concerns only this copy into its result. */
  async settled<Result>(attempt: () => Promise<Result>): Promise<Result | ObjectResult> {
    try {
      return await attempt();
    } catch (error) {
      if (isMissing(error)) return this.missing();
      // deleting a version needs a separate permission
      if (isForbidden(error)) return { outcome: 'refused', code: serviceCodeOf(error) ?? '403' };
      return ownResult(error);
    }
  }

  /** Why the copy must stay; `null` if its content is kept elsewhere. */
  async refusal(): Promise<ObjectResult | null> {
    return retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: this.deleting.step.abortSignal,
      attempt: () => this.compared(),
    });
  }

  async delete(): Promise<ObjectResult> {
    await this.deleting.step.beforeRequest();
    try {
      return { outcome: 'deleted', isSoft: isSoftly(await this.client.delete(callOptions(this.deleting.step))) };
    } catch (error) {
      if (isMissing(error)) return { outcome: 'gone' };
      throw error;
    }
  }

  private async compared(): Promise<ObjectResult | null> {
    const { step } = this.deleting;
    const current = await propertiesOf(this.current, this.deleting);
    const state = storedState(encryptionDataOf(current.metadata));
    if (state.kind !== 'sealed' || isChosen(step.task, state)) return readOnly('CURRENT_BLOB_NOT_DONE');
    const copy = await propertiesOf(this.client, this.deleting);
    const refusal = refusalOf(copy, current);
    if (refusal !== null) return refusal;
    const described = { client: this.current, properties: current };
    if (!(await isDescribedAlike(described, { client: this.client, properties: copy }, step)))
      return readOnly('CURRENT_BLOB_DIFFERS');
    const different = await this.compare(current, copy);
    if (different === null && !step.dryRun) await this.keep(current);
    return different;
  }

  /** Either of the two was deleted in the meantime. Without the current blob, the copy is all that is left of it. */
  private async missing(): Promise<ObjectResult> {
    const copy = await propertiesOf(this.client, this.deleting).catch(nullIfMissing);
    return copy === null ? { outcome: 'gone' } : readOnly('NO_CURRENT_BLOB');
  }

  /** `null` if both open to the same bytes. The current blob is opened with its own key, without any cache. */
  private async compare(
    current: BlobGetPropertiesResponse,
    copy: BlobGetPropertiesResponse,
  ): Promise<ObjectResult | null> {
    const { context, step } = this.deleting;
    const old = { ...context, client: this.client, policy: readingPolicy(context.policy, this.copy.state) };
    await step.beforeRequest();
    const expected = await digestOf(old, this.reading(copy));
    await step.beforeRequest();
    const proving = { ...context, policy: provingPolicy(context.policy) };
    try {
      const found = await digestOf(proving, this.reading(current));
      return equalBytes(found, expected) ? null : readOnly('CURRENT_BLOB_DIFFERS');
    } catch (error) {
      if (isChanged(error) || resultOf(error)?.outcome !== 'damaged') throw error;
      return readOnly('CURRENT_BLOB_DAMAGED');
    }
  }

  /** Keeps what was compared, whatever happens to the current blob from here on. */
  private async keep(current: BlobGetPropertiesResponse): Promise<void> {
    const { step, kept } = this.deleting;
    const etag = etagIn(current);
    const reading = this.reading(current);
    const { name } = this.copy;
    await step.beforeRequest();
    if (hasVersion(current)) {
      await this.current.getProperties(reading);
      return;
    }
    const known = kept.get(name);
    if (known?.etag === etag && (await this.isStillThere(known))) return;
    const { encryptionScope } = current;
    const taken = this.current.createSnapshot({ ...reading, encryptionScope });
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(name, { etag, taken });
    await taken.catch((error: unknown) => {
      kept.delete(name);
      throw error;
    });
  }

  /** Other programs may have deleted the snapshot since. */
  private async isStillThere({ taken }: KeptState): Promise<boolean> {
    const { snapshot = '' } = await taken;
    return (await propertiesOf(this.current.withSnapshot(snapshot), this.deleting).catch(nullIfMissing)) !== null;
  }

  private reading(properties: BlobGetPropertiesResponse) {
    return { ...requestOptions(this.deleting), conditions: { ifMatch: etagIn(properties) } };
  }
}

/** Why a copy cannot be read or deleted, as far as properties show it. */
function refusalOf(copy: BlobGetPropertiesResponse, current: BlobGetPropertiesResponse): ObjectResult | null {
  const isArchived = [copy, current].some(({ accessTier }) => accessTier === 'Archive');
  return protectionIn(copy) ?? (isArchived ? { outcome: 'archived' } : null);
}

/** The account keeps the current state of this blob as a version when it is replaced. */
const hasVersion = ({ versionId }: BlobGetPropertiesResponse): boolean => versionId !== undefined && versionId !== '';

/** Whether the service has kept what was deleted; `undefined` if it does not say. */
function isSoftly(response: BlobDeleteResponse): boolean | undefined {
  const isPermanent = response._response.headers.get('x-ms-delete-type-permanent');
  return isPermanent === undefined ? undefined : isPermanent === 'false';
}
