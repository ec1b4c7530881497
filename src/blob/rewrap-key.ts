/** Wraps the content key of a stored blob with another key. It reads and writes metadata, never content. */
import type { OperationOptions } from '@azure/core-client';
import type { BlobGetPropertiesResponse, BlobRequestConditions, BlobSetMetadataOptions } from '@azure/storage-blob';
import { type Rewrapped, rewrapEnvelope, type RewrapResult } from '../envelope/rewrap.js';
import { keyOperation } from '../envelope/key-operation.js';
import { UnsupportedOperationError } from '../errors/input.js';
import { isChanged, isUnanswered } from '../service-errors.js';
import { encryptionDataOf, withEncryptionData } from '../wire/blob-metadata.js';
import { assertMetadataFits, type BlobContext, type EncryptedOperationOptions, targetOf } from './blob-context.js';
import { underEtag } from './metadata.js';
import { metadataAsStored } from './metadata-names.js';

/** Options of `rewrapKey`: the SDK's options of `setMetadata`, and a key for this call. */
export interface RewrapKeyOptions
  extends
    OperationOptions,
    EncryptedOperationOptions,
    Pick<BlobSetMetadataOptions, 'conditions' | 'customerProvidedKey' | 'encryptionScope'> {
  /**
   * Wraps again even if the key that writes already wraps the content key. For key services that keep the id of a rotated key and
   * store the version inside the wrapped bytes: AWS KMS, Google Cloud KMS, HashiCorp Vault.
   *
   * @defaultValue false
   */
  readonly force?: boolean;
}

export async function rewrapKey(context: BlobContext, options: RewrapKeyOptions): Promise<RewrapResult> {
  const rewrap = new KeyRewrap(context, options);
  return underEtag(context, options, (properties, conditions) => rewrap.attempt(properties, conditions));
}

class KeyRewrap {
  /** Encryption data of the last attempt. If the blob has it, that attempt was successful. */
  private sent: Rewrapped | undefined;

  constructor(
    private readonly context: BlobContext,
    private readonly options: RewrapKeyOptions,
  ) {}

  async attempt(properties: BlobGetPropertiesResponse, conditions: BlobRequestConditions): Promise<RewrapResult> {
    const { context, options } = this;
    const text = encryptionDataOf(properties.metadata);
    if (text === undefined) {
      throw new UnsupportedOperationError(
        'The blob is not encrypted and has no key to rewrap: upload it to encrypt it',
      );
    }
    if (text === this.sent?.text) return { keyId: this.sent.keyId, changed: true };
    const { keyEncryptionKey, force = false } = options;
    const rewrapped = await rewrapEnvelope(context.policy, text, {
      target: targetOf(context),
      form: 'stream',
      operation: keyOperation(options),
      force,
      keyEncryptionKey,
    });
    const { keyId } = rewrapped;
    if (rewrapped.text === null) return { keyId, changed: false };
    const metadata = await metadataAsStored(context, properties, { ...options, conditions });
    this.sent = rewrapped;
    await this.store(withEncryptionData(metadata, rewrapped.text), rewrapped.text, conditions);
    return { keyId, changed: true };
  }

  /** A lost response looks like a failure, or like a faster writer. In that case the stored state decides. */
  private async store(
    metadata: Record<string, string>,
    text: string,
    conditions: BlobRequestConditions,
  ): Promise<void> {
    assertMetadataFits(metadata);
    const { abortSignal, tracingOptions, customerProvidedKey, encryptionScope } = this.options;
    try {
      await this.context.client.setMetadata(metadata, {
        abortSignal,
        tracingOptions,
        customerProvidedKey,
        encryptionScope,
        conditions,
      });
    } catch (error) {
      if (!isChanged(error) && !isUnanswered(error)) throw error;
      const passed = { abortSignal, tracingOptions, customerProvidedKey };
      const stored = await this.context.client.getProperties(passed).catch(() => null);
      if (encryptionDataOf(stored?.metadata) !== text) throw error;
    }
  }
}
