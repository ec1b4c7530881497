/**
 * What surrounds the commit of a blob that is encrypted again, if the task asks for it: a snapshot of the old content just before, and
 * a look at the new content afterwards. The snapshot is deleted once the new content has been read back, or if nothing was committed.
 * After a crash in between it stays, and a census counts it. One that cannot be deleted is reported.
 */
import type { BlobGetPropertiesResponse, BlobUploadCommonResponse } from '@azure/storage-blob';
import { callOptions } from '../../envelope/maintenance/maintained.js';
import {
  DONE,
  isFailure,
  type ObjectResult,
  READ_BACK_FAILED,
  resultOf,
  SNAPSHOT_LEFT,
} from '../../envelope/maintenance/outcome.js';
import { isReadBack } from '../../envelope/maintenance/task.js';
import { isForbidden, isMissing, nullIfMissing } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import type { BlockBlobContext, UploadOptions } from '../upload-blocks.js';
import { propertiesOf, requestOptions, type RequestParts } from './blob-maintenance-options.js';
import { foundIn, ReadBackError, readsBack } from './read-back.js';

interface CommitParts extends RequestParts {
  readonly context: BlockBlobContext;
}

/** What is about to be committed. */
interface NewContent {
  readonly metadata: Record<string, string>;
  /** Encryption data of what it replaces. */
  readonly replaced: string | undefined;
  /** SHA-256 of the plaintext. */
  readonly digest: Uint8Array;
}

/** A commit whose outcome is not known or has not been checked, and those before it. */
export interface OpenCommit extends Pick<NewContent, 'digest' | 'replaced'> {
  /** Its encryption data, by which the blob shows whether it was committed. */
  readonly text: string | undefined;
  /** Snapshot of what it replaces. */
  readonly snapshot: string | undefined;
  readonly isReadBack: boolean;
  /** Whether a snapshot of an earlier attempt could not be deleted. */
  readonly hasLeftSnapshot: boolean;
  /** The commit before it, which was not made when the blob was looked at. Its request may still arrive. */
  readonly earlier: OpenCommit | undefined;
}

export class CommitCheck {
  #open: OpenCommit | undefined;
  #hasLeftSnapshot: boolean;

  /** @param open - of an earlier step, which an outage interrupted */
  constructor(
    private readonly parts: CommitParts,
    open?: OpenCommit,
  ) {
    this.#open = open;
    this.#hasLeftSnapshot = open?.hasLeftSnapshot ?? false;
  }

  /** The last commit, if its outcome is not known or has not been checked. */
  get open(): OpenCommit | undefined {
    return this.#open && { ...this.#open, hasLeftSnapshot: this.#hasLeftSnapshot };
  }

  /** Runs just before the commit, with the options of the commit. */
  async prepare({ metadata, ...content }: NewContent, options: UploadOptions): Promise<void> {
    const { dryRun, task } = this.parts.step;
    if (dryRun) return;
    const snapshot = await this.#snapshot(options);
    const checks = { isReadBack: isReadBack(task), hasLeftSnapshot: this.#hasLeftSnapshot };
    this.#open = { text: encryptionDataOf(metadata), ...content, snapshot, ...checks, earlier: this.#open };
  }

  async committed({ etag = '' }: Pick<BlobUploadCommonResponse, 'etag'>): Promise<ObjectResult> {
    if (this.#open?.isReadBack === true && !(await this.#isKept(this.#open, etag))) return READ_BACK_FAILED;
    await this.#forgetSnapshot();
    this.#open = undefined;
    return DONE;
  }

  /** The result of the blob, which needs attention if a snapshot of it could not be deleted. */
  ended(result: ObjectResult): ObjectResult {
    return this.#hasLeftSnapshot && !isFailure(result) ? SNAPSHOT_LEFT : result;
  }

  async #isKept(open: OpenCommit, etag: string): Promise<boolean> {
    const { context } = this.parts;
    const find = async () => {
      const properties = await propertiesOf(context.client, this.parts).catch(nullIfMissing);
      if (properties === null) return null;
      return foundIn(context, properties, { isOwn: this.isCommitted(properties), replaced: open.replaced });
    };
    return readsBack({ ...this.parts, digest: open.digest }, { context, etag }, find).catch((error: unknown) => {
      if (error instanceof ReadBackError) return false;
      throw error;
    });
  }

  /** Settles commits whose outcome is not known, by what the blob has now. `null` if none was made so far. */
  async settle(properties: BlobGetPropertiesResponse): Promise<ObjectResult | null> {
    const made = this.#madeIn(properties);
    if (made === undefined) {
      await this.#forgetSnapshot();
      return null;
    }
    // only the last commit has a snapshot left
    this.#open = { ...made, snapshot: this.#open?.snapshot };
    return this.committed(properties);
  }

  /** Whether the blob has what one of the commits was to give it. */
  isCommitted(properties: BlobGetPropertiesResponse): boolean {
    return this.#madeIn(properties) !== undefined;
  }

  #madeIn({ metadata }: BlobGetPropertiesResponse): OpenCommit | undefined {
    const text = encryptionDataOf(metadata);
    let found = this.#open;
    while (found !== undefined && found.text !== text) found = found.earlier;
    return found;
  }

  async #snapshot({ conditions, encryptionScope }: UploadOptions): Promise<string | undefined> {
    const { context, step } = this.parts;
    if (step.task.do !== 'reencrypt' || step.task.verify !== 'snapshot') return undefined;
    await step.beforeRequest();
    const options = { ...requestOptions(this.parts), conditions, encryptionScope };
    return (await context.client.createSnapshot(options)).snapshot;
  }

  /** Deletes the snapshot. Throws in an outage, and can be called again after it. */
  async #forgetSnapshot(): Promise<void> {
    if (this.#open?.snapshot === undefined) return;
    await this.#deleteSnapshot(this.#open.snapshot);
    this.#open = { ...this.#open, snapshot: undefined };
  }

  async #deleteSnapshot(snapshot: string): Promise<void> {
    const { context, step } = this.parts;
    await step.beforeRequest();
    try {
      await context.client.withSnapshot(snapshot).delete(callOptions(step));
    } catch (error) {
      if (isMissing(error)) return;
      if (!isForbidden(error) && resultOf(error) === null) throw error;
      this.#hasLeftSnapshot = true;
    }
  }
}
