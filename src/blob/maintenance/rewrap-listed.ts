/**
 * Rewraps a blob from a listing: the listing is the only read, and Set Blob Metadata under the listed ETag the only write. If
 * another writer was faster, the blob is read again, and the task decides again.
 */
import type { BlobRequestConditions } from '@azure/storage-blob';
import { callOptions, type Step } from '../../envelope/maintenance/maintained.js';
import { DONE, type ObjectResult, ownResult, SAME } from '../../envelope/maintenance/outcome.js';
import { retiredText } from '../../envelope/maintenance/rewrap-step.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { isChosen, type RewrapTask } from '../../envelope/maintenance/task.js';
import { isChanged, retryOnConflict } from '../../service-errors.js';
import { encryptionDataOf, withEncryptionData } from '../../wire/blob-metadata.js';
import { assertMetadataFits, type BlobContext, targetOf } from '../blob-context.js';
import { metadataAsStored } from '../metadata-names.js';
import { assertContentOpens } from './content-check.js';
import { etagOf, hasAllMetadata, type ListedBlob } from './listed-blob.js';
import { assertVersionsAccepted } from './old-versions.js';
import {
  ATTEMPTS,
  type BlobMaintenanceOptions,
  etagIn,
  propertiesOf,
  requestOptions,
} from './blob-maintenance-options.js';

interface RewrapListed extends BlobMaintenanceOptions, Omit<RewrapTask, 'do'> {
  readonly context: BlobContext;
  readonly step: Step;
  readonly distinctKeys: Set<string>;
}

/** Throws errors that do not concern the blob itself. */
export async function rewrapListed(blob: ListedBlob, rewrap: RewrapListed): Promise<ObjectResult> {
  try {
    return await new ListedRewrap(blob, rewrap).run();
  } catch (error) {
    return ownResult(error);
  }
}

class ListedRewrap {
  /** Encryption data of the last attempt. If the blob has it, that attempt was successful. */
  private sent: string | undefined;

  constructor(
    private readonly blob: ListedBlob,
    private readonly rewrap: RewrapListed,
  ) {}

  async run(): Promise<ObjectResult> {
    const { blob } = this;
    if (blob.facts.AccessTier === 'Archive') return { outcome: 'archived' };
    try {
      if (hasAllMetadata(blob)) return await this.write(blob.text, blob.metadata, { ifMatch: etagOf(blob) });
    } catch (error) {
      if (!isChanged(error)) throw error;
    }
    return retryOnConflict({
      attempts: ATTEMPTS,
      abortSignal: this.rewrap.step.abortSignal,
      attempt: () => this.lookAndWrite(),
    });
  }

  private async lookAndWrite(): Promise<ObjectResult> {
    const { context, step } = this.rewrap;
    const properties = await propertiesOf(context.client, this.rewrap);
    const text = encryptionDataOf(properties.metadata);
    if (text !== undefined && text === this.sent) return DONE;
    if (!isChosen(step.task, storedState(text))) return SAME;
    const conditions = { ifMatch: etagIn(properties) };
    const metadata = await metadataAsStored(context, properties, { ...requestOptions(this.rewrap), conditions });
    return this.write(text, metadata, conditions);
  }

  private async write(
    text: string | undefined,
    metadata: Record<string, string>,
    conditions: BlobRequestConditions,
  ): Promise<ObjectResult> {
    if (text === undefined) return SAME;
    const { context, step, retire, distinctKeys } = this.rewrap;
    const key = {
      target: targetOf(context),
      form: 'stream',
      operation: callOptions(step),
      retire,
      distinctKeys,
    } as const;
    const found = await retiredText(context.policy, text, key);
    if ('result' in found) return found.result;
    const merged = withEncryptionData(metadata, found.text);
    assertMetadataFits(merged);
    await this.check(found.text, conditions);
    if (!step.dryRun) await this.store(merged, found.text, conditions);
    return DONE;
  }

  private async check(text: string, conditions: BlobRequestConditions): Promise<void> {
    const { context, step, verify } = this.rewrap;
    if (verify !== 'content') return;
    await step.beforeRequest();
    await assertContentOpens(context, text, { ...requestOptions(this.rewrap), conditions });
  }

  private async store(
    metadata: Record<string, string>,
    text: string,
    conditions: BlobRequestConditions,
  ): Promise<void> {
    const { context, step, leaseIdOf } = this.rewrap;
    const leaseId = await leaseIdOf?.(this.blob.name);
    const { EncryptionScope: scope } = this.blob.facts;
    await step.beforeRequest();
    this.sent = text;
    const response = await context.client.setMetadata(metadata, {
      ...requestOptions(this.rewrap),
      conditions: { ...conditions, leaseId },
      encryptionScope: scope === '' ? undefined : scope,
    });
    assertVersionsAccepted(response, this.rewrap);
  }
}
