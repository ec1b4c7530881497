/**
 * What surrounds the commit of a blob that is encrypted again, if the task asks for it: a snapshot of the old content just before, and
 * a look at the new content afterwards. The snapshot is deleted once the new content has been read back, or if nothing was committed.
 * After a crash in between it stays, and a census counts it.
 */
import type { BlobGetPropertiesResponse, BlobUploadCommonResponse } from '@azure/storage-blob';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, READ_BACK_FAILED } from '../../envelope/maintenance/outcome.js';
import { isReadBack } from '../../envelope/maintenance/task.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import type { ReadOptions } from '../read-requests.js';
import type { BlockBlobContext, UploadOptions } from '../upload-blocks.js';
import { isStoredAs } from './read-back.js';

export interface CommitParts {
  readonly context: BlockBlobContext;
  readonly step: Step;
  readonly reading: Pick<ReadOptions, 'abortSignal' | 'customerProvidedKey'>;
}

/** What is about to be committed. */
interface NewContent {
  readonly metadata: Record<string, string>;
  /** SHA-256 of the plaintext. */
  readonly digest: Uint8Array;
}

interface Open extends Pick<NewContent, 'digest'> {
  /** Its encryption data, by which the blob shows whether it was committed. */
  readonly text: string | undefined;
  /** Snapshot of what it replaces. */
  readonly snapshot: string | undefined;
}

export class CommitCheck {
  #open: Open | undefined;

  constructor(private readonly parts: CommitParts) {}

  /** Whether a commit was begun whose end is not known. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Runs just before the commit, with the options of the commit. */
  async prepare({ metadata, digest }: NewContent, options: UploadOptions): Promise<void> {
    const { dryRun } = this.parts.step;
    if (!dryRun) this.#open = { text: encryptionDataOf(metadata), digest, snapshot: await this.#snapshot(options) };
  }

  /** Runs after the commit. */
  async committed({ etag = '' }: Pick<BlobUploadCommonResponse, 'etag'>): Promise<ObjectResult> {
    const { context, step, reading } = this.parts;
    if (this.#open !== undefined && isReadBack(step.task)) {
      await step.beforeRequest();
      if (!(await isStoredAs({ ...this.#open, etag }, context, reading))) return READ_BACK_FAILED;
    }
    await this.#forget();
    return DONE;
  }

  /** Ends a commit whose end is not known, by what the blob has now. `null` if it was not made. */
  async settle(properties: BlobGetPropertiesResponse): Promise<ObjectResult | null> {
    if (this.isCommitted(properties)) return this.committed(properties);
    await this.#forget();
    return null;
  }

  /** Whether the blob has what the last commit was to give it. */
  isCommitted({ metadata }: BlobGetPropertiesResponse): boolean {
    return this.#open !== undefined && encryptionDataOf(metadata) === this.#open.text;
  }

  async #snapshot({ conditions, encryptionScope }: UploadOptions): Promise<string | undefined> {
    const { context, step, reading } = this.parts;
    if (step.task.do !== 'reencrypt' || step.task.verify !== 'snapshot') return undefined;
    await step.beforeRequest();
    const options = { ...reading, conditions, encryptionScope };
    return (await context.client.createSnapshot(options)).snapshot;
  }

  /** A snapshot that cannot be deleted stays, as after a crash. */
  async #forget(): Promise<void> {
    const snapshot = this.#open?.snapshot;
    this.#open = undefined;
    if (snapshot === undefined) return;
    const { context, step, reading } = this.parts;
    await step.beforeRequest();
    const { abortSignal } = reading;
    await context.client
      .withSnapshot(snapshot)
      .delete({ abortSignal })
      .catch(() => undefined);
  }
}
