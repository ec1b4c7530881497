/** Wraps the content key of a stored entity with another key: reads and merges one column, under the ETag of the row. */
import type { OperationOptions } from '@azure/core-client';
import { rewrapEnvelope, type RewrapResult } from '../envelope/rewrap.js';
import { InvalidEncryptionDataError } from '../errors/content.js';
import { PayloadTooLargeError, UnsupportedOperationError } from '../errors/input.js';
import { isUnanswered, retryOnConflict } from '../service-errors.js';
import { ENCRYPTION_DATA_PROPERTY } from '../wire/entity-metadata.js';
import { type EntityKeys, envelopeContext } from './entity-context.js';
import { type ListedRow, lookAtRow } from './maintenance/listed-row.js';
import { TEXT_LIMIT } from './maintenance/rewrap-rows.js';
import type { RowCall } from './row-writes.js';
import type { EncryptedTableOptions } from './table-options.js';
import { ATTEMPTS } from './merge/attempts.js';

/** Options of `rewrapEntityKey`: those of the SDK, and a key for this call. */
export interface RewrapEntityKeyOptions extends OperationOptions, EncryptedTableOptions {
  /**
   * Wraps again even if the key that writes already wraps the content key. For key services that keep the id of a rotated key and
   * store the version inside the wrapped bytes: AWS KMS, Google Cloud KMS, HashiCorp Vault.
   *
   * @defaultValue false
   */
  readonly force?: boolean;
}

interface RewrapCall extends RowCall {
  readonly options: Omit<RewrapEntityKeyOptions, 'keyEncryptionKey'>;
}

export async function rewrapEntityKey(keys: EntityKeys, call: RewrapCall): Promise<RewrapResult> {
  const rewrap = new EntityRewrap(keys, call);
  const { abortSignal } = call.options;
  return retryOnConflict({ attempts: ATTEMPTS, abortSignal, attempt: () => rewrap.attempt() });
}

class EntityRewrap {
  /** Encryption data of the last attempt. If the row has it, that attempt was successful. */
  private sent: { readonly text: string; readonly keyId: string } | undefined;

  constructor(
    private readonly keys: EntityKeys,
    private readonly call: RewrapCall,
  ) {}

  async attempt(): Promise<RewrapResult> {
    const { table, context, options } = this.call;
    const row = await lookAtRow(table, this.keys, options);
    const stored = textOf(row);
    if (stored === this.sent?.text) return { keyId: this.sent.keyId, changed: true };
    const { force = false } = options;
    const { keyId, text } = await rewrapEnvelope(context.policy, stored, {
      ...envelopeContext(context, this.keys),
      force,
    });
    if (text === null) return { keyId, changed: false };
    if (text.length > TEXT_LIMIT) throw new PayloadTooLargeError('The encryption data', TEXT_LIMIT, text.length);
    this.sent = { text, keyId };
    await this.store(text, row.etag);
    return { keyId, changed: true };
  }

  /** A lost response looks like a failure. In that case the stored row decides. */
  private async store(text: string, etag: string): Promise<void> {
    const { table, options } = this.call;
    const { force: _force, ...passed } = options;
    try {
      await table.updateEntity({ ...this.keys, [ENCRYPTION_DATA_PROPERTY]: text }, 'Merge', { ...passed, etag });
    } catch (error) {
      if (!isUnanswered(error)) throw error;
      const row = await lookAtRow(table, this.keys, options).catch(() => null);
      if (row?.text !== text) throw error;
    }
  }
}

function textOf({ text, state }: ListedRow): string {
  if (text !== undefined) return text;
  if (state.kind !== 'plain')
    throw new InvalidEncryptionDataError(`${ENCRYPTION_DATA_PROPERTY} is missing or not text`);
  throw new UnsupportedOperationError('The entity is not encrypted and has no key to rewrap: replace it to encrypt it');
}
