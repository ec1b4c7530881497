/**
 * Opens what an upload seals, block by block, before the request that makes it visible: the old content is replaced only by
 * content that opens to the same bytes, with the key that is stored with it.
 */
import { equalBytes, startSha256 } from '../../crypto/bytes.js';
import type { ByteTransform } from '../../crypto/byte-transform.js';
import { type EncryptionPolicy, policyWith } from '../../envelope/encryption-policy.js';
import { openEnvelope } from '../../envelope/envelope.js';
import { checkingPolicy } from '../../envelope/maintenance/reading-policy.js';
import { DecryptionError } from '../../errors/content.js';
import type { ContentForm } from '../../protocol/protocol.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { formatEncryptionData, parseEncryptionData } from '../../wire/encryption-data.js';
import { type BlobContext, targetOf } from '../blob-context.js';
import type { BlockPlace, SealedUpload, UploadSink } from '../sealed-upload.js';

interface CheckedUpload {
  readonly context: BlobContext;
  readonly upload: SealedUpload;
  readonly form: ContentForm;
  /** Bytes of ciphertext. */
  readonly length: number;
  /** SHA-256 of the plaintext, once all of it has been read. */
  readonly expected: () => Uint8Array;
  /** Runs last; if it throws, the upload does not become visible. */
  readonly beforeCommit: () => Promise<void>;
}

export class CheckedSink<Response> implements UploadSink<Response> {
  readonly #opened = startSha256();
  /** Blocks are opened in their order, one after the other. */
  #opening: Promise<ByteTransform>;
  #next = 0;

  constructor(
    private readonly inner: UploadSink<Response>,
    private readonly checked: CheckedUpload,
  ) {
    this.#opening = this.#begin();
    // the error is thrown at the commit
    this.#opening.catch(() => undefined);
  }

  get plan() {
    return this.inner.plan;
  }

  async send(block: Buffer, place: BlockPlace): Promise<void> {
    this.#open(block, place.index);
    await this.inner.send(block, place);
    // its memory is reused afterwards
    await this.#opening;
  }

  async commit(whole: Buffer | null): Promise<Response> {
    if (whole !== null) this.#open(whole, 0);
    const transform = await this.#opening;
    for (const piece of transform.finish()) this.#opened.update(piece);
    if (!equalBytes(this.#opened.digest(), this.checked.expected())) throw new DecryptionError();
    await this.#checkHeader();
    await this.checked.beforeCommit();
    return this.inner.commit(whole);
  }

  #open(block: Buffer, index: number): void {
    if (index !== this.#next++) throw new DecryptionError();
    // a transform may keep a reference to its input
    const copy = Buffer.from(block);
    this.#opening = this.#opening.then((transform) => {
      for (const piece of transform.push(copy)) this.#opened.update(piece);
      return transform;
    });
    this.#opening.catch(() => undefined);
  }

  async #begin(): Promise<ByteTransform> {
    const { context, upload, length } = this.checked;
    const text = formatEncryptionData(upload.encryptionData, 'blob');
    // the entries are not known yet: they are checked at the end
    const opener = await this.#openerOf(text, policyWith(checkingPolicy(context.policy), { integrity: 'off' }));
    return opener.open(opener.layout.window({ offset: 0 }, length), 'opened');
  }

  async #checkHeader(): Promise<void> {
    const { context, upload } = this.checked;
    const text = encryptionDataOf(upload.metadataAtEnd());
    await this.#openerOf(text ?? '', checkingPolicy(context.policy));
  }

  #openerOf(text: string, policy: EncryptionPolicy) {
    const { context, form, length } = this.checked;
    const stored = parseEncryptionData(text);
    return openEnvelope(policy, stored, { target: targetOf(context), form, storedLength: length });
  }
}
