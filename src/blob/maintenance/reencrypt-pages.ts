/**
 * Encrypts a page blob again under a new content key. Page writes have no commit, so this is an upload of pages (blob/pages), and
 * its content comes from the snapshot in which the upload keeps the old content. Readers get the old content,
 * `UPLOAD_UNFINISHED`, or the new content. The id of the upload is marked: if the process ends, the next job finishes the blob
 * from the same snapshot.
 */
import type { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { isAbort } from '../../aborts.js';
import { uniqueId } from '../../crypto/bytes.js';
import { keysOf, policyWith } from '../../envelope/encryption-policy.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { chosenAgain } from '../../envelope/maintenance/new-state.js';
import {
  DONE,
  leftAlone,
  type ObjectResult,
  READ_BACK_FAILED,
  resultOf,
  SAME,
} from '../../envelope/maintenance/outcome.js';
import { readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { type StoredState, storedState } from '../../envelope/maintenance/stored-state.js';
import { isChosen, without } from '../../envelope/maintenance/task.js';
import { RollbackFailedError } from '../../errors/transfer.js';
import { isChanged, isRangeNotSatisfiable, isServiceOut, retryOnConflict } from '../../service-errors.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { unfinishedUploadIn } from '../../wire/unfinished-upload.js';
import { downloadStream } from '../download.js';
import { metadataAsStored } from '../metadata-names.js';
import { unmarked } from '../pages/kept-content.js';
import type { PageBlobContext } from '../pages/page-requests.js';
import { type PageContent, PageUpload, type PageUploadOptions } from '../pages/upload-pages.js';
import {
  ATTEMPTS,
  type BlobMaintenanceOptions,
  etagIn,
  interruptedIn,
  propertiesOf,
  requestOptions,
} from './blob-maintenance-options.js';
import { carriedDescription, EXPIRY_TIME, tagsOf, tagsWriteError } from './description.js';
import { CheckedSink } from './checked-sink.js';
import { PagesCommit } from './pages-commit.js';
import { digestOf, lookAgainIfMissing, ReadBackError } from './read-back.js';

interface ReencryptPages extends BlobMaintenanceOptions {
  readonly context: PageBlobContext;
  readonly step: Step;
  /**
   * Blobs whose step was interrupted by an outage after the commit, by name, with what is left to do. The repeated step continues
   * there.
   */
  readonly interrupted: Map<string, () => Promise<ObjectResult>>;
}

const MARK = 'reencryption-';
const UNFINISHED = leftAlone({ kind: 'unfinished' });

/** Whether the encryption data is that of a re-encryption that has not finished. */
export const isUnderReencryption = (text: string | undefined): boolean =>
  unfinishedUploadIn(text)?.id.startsWith(MARK) === true;

/** Throws errors that do not concern the blob itself. */
export async function reencryptPages(given: ReencryptPages): Promise<ObjectResult> {
  const { step, context } = given;
  const { name } = context.client;
  const interrupted = interruptedIn(given.interrupted, step);
  try {
    const begun = await interrupted.get(name)?.();
    interrupted.delete(name);
    // other writers may have stored content that the task selects since then
    const result = await reencrypted({ ...given, interrupted });
    interrupted.delete(name);
    return result.outcome === 'same' ? (begun ?? result) : result;
  } catch (thrown) {
    const error = outageIn(thrown);
    const result = error instanceof ReadBackError ? READ_BACK_FAILED : resultOf(error);
    if (result !== null || isStopped(error, step)) interrupted.delete(name);
    if (result === null) throw error;
    return result;
  }
}

/** The outage in which an upload could not be rolled back, if it was one: the repeated step continues from the snapshot. */
function outageIn(error: unknown): unknown {
  if (!(error instanceof RollbackFailedError)) return error;
  return [error.cause, error.rollbackError].find(isServiceOut) ?? error;
}

const isStopped = (error: unknown, { abortSignal }: Step): boolean => isAbort(error) || abortSignal?.aborted === true;

async function reencrypted(given: ReencryptPages): Promise<ObjectResult> {
  return retryOnConflict({
    attempts: ATTEMPTS,
    abortSignal: given.step.abortSignal,
    // another upload that takes over the blob may be shorter
    isConflict: (error) => isChanged(error) || isRangeNotSatisfiable(error),
    attempt: () => new PagesReencryption(given).run(),
  });
}

/** The old content: the blob itself, or the snapshot of a re-encryption that has not finished. */
interface OldPages {
  readonly context: PageBlobContext;
  readonly properties: BlobGetPropertiesResponse;
  readonly state: StoredState;
}

class PagesReencryption {
  constructor(private readonly given: ReencryptPages) {}

  async run(): Promise<ObjectResult> {
    const { context, step } = this.given;
    const current = await this.pagesOf(context);
    const text = encryptionDataOf(current.properties.metadata);
    if (isUnderReencryption(text)) {
      const kept = await this.keptBy(unfinishedUploadIn(text)?.previous);
      return kept === null ? UNFINISHED : this.replace(kept, current);
    }
    if (current.state.kind === 'unfinished') return UNFINISHED;
    return isChosen(without(step.task, 'protocols'), current.state) ? this.replace(current, current) : SAME;
  }

  private async pagesOf(context: PageBlobContext): Promise<OldPages> {
    const properties = await propertiesOf(context.client, this.given);
    return { context, properties, state: storedState(encryptionDataOf(properties.metadata)) };
  }

  /** `null` if the upload replaced nothing, which a re-encryption never does. */
  private async keptBy(snapshot: string | undefined): Promise<OldPages | null> {
    if (snapshot === undefined) return null;
    return this.pagesOf(this.contextOf(snapshot)).catch(lookAgainIfMissing);
  }

  private contextOf(snapshot: string): PageBlobContext {
    const { context } = this.given;
    return { ...context, client: context.client.withSnapshot(snapshot) };
  }

  private async replace(old: OldPages, current: OldPages): Promise<ObjectResult> {
    const { context, step, leaseIdOf, interrupted } = this.given;
    if (current.properties.expiresOn !== undefined) return EXPIRY_TIME;
    // before anything is replaced, all of it has to open
    await step.beforeRequest();
    const digest = await digestOf(readable(old), this.readingOf(old));
    const writing = { ...context, policy: pagesPolicy(context) };
    const leaseId = await leaseIdOf?.(context.client.name);
    const options = { ...(await this.described(old)), conditions: { ifMatch: etagIn(current.properties), leaseId } };
    const shape = { length: old.properties.contentLength ?? 0, id: `${MARK}${uniqueId()}` };
    const upload = await PageUpload.prepare(writing, shape, options);
    const again = chosenAgain(writing.policy, without(step.task, 'protocols'), upload.encryptionData);
    if (again !== null) return again;
    if (step.dryRun) return DONE;
    const commit = new PagesCommit({
      ...this.given,
      context: writing,
      leaseId,
      digest,
      replaced: encryptionDataOf(old.properties.metadata),
      sequenceNumber: old.properties.blobSequenceNumber,
    });
    await step.beforeRequest();
    const committed = await upload.commit(this.content(old, { commit, writing, digest })).catch((error: unknown) => {
      throw tagsWriteError(error, options.tags);
    });
    const finish = () => commit.finish(committed);
    interrupted.set(context.client.name, finish);
    return finish();
  }

  private content(old: OldPages, { commit, writing, digest }: NewPages): PageContent {
    const { contentLength: length = 0 } = old.properties;
    return {
      open: async (previous = '') => {
        commit.kept = previous;
        const kept = readable({ ...old, context: this.contextOf(previous) });
        const answer = await downloadStream(kept, { offset: 0 }, requestOptions(this.given)).catch(lookAgainIfMissing);
        return answer.readableStreamBody as Readable;
      },
      checked: (sink, upload) =>
        new CheckedSink(sink, {
          context: writing,
          upload,
          form: 'pages',
          length,
          expected: () => digest,
          beforeCommit: async () => void (commit.text = encryptionDataOf(upload.metadataAtEnd())),
        }),
    };
  }

  /** What the new blob keeps of the old one. */
  private async described(old: OldPages): Promise<PageUploadOptions> {
    const { context, properties } = old;
    const metadata = unmarked(await metadataAsStored(context, properties, this.readingOf(old)));
    const tags = await tagsOf({ client: context.client, properties }, this.given.step);
    return { ...requestOptions(this.given), ...carriedDescription(properties), metadata, tags };
  }

  private readingOf(old: OldPages) {
    return { ...requestOptions(this.given), conditions: { ifMatch: etagIn(old.properties) } };
  }
}

interface NewPages {
  readonly commit: PagesCommit;
  readonly writing: PageBlobContext;
  readonly digest: Uint8Array;
}

/** Pages are defined only in 1.0. */
const pagesPolicy = ({ policy }: PageBlobContext) => policyWith(policy, { protocol: '1.0', keys: keysOf(policy) });

const readable = ({ context, state }: OldPages): PageBlobContext => ({
  ...context,
  policy: readingPolicy(context.policy, state),
});
