/** The content of a blob that is encrypted again: opened by this package, or read by the application from a foreign format. */
import type { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { equalBytes, startSha256 } from '../../crypto/bytes.js';
import type { Step } from '../../envelope/maintenance/maintained.js';
import { readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import type { StoredState } from '../../envelope/maintenance/stored-state.js';
import { isChosen, without } from '../../envelope/maintenance/task.js';
import type { ByteSource } from '../../streams/source.js';
import { downloadStream } from '../download.js';
import type { ReadOptions } from '../read-requests.js';
import type { BlockBlobContext } from '../upload-blocks.js';
import { ForeignSourceError, openForeign } from './foreign-content.js';
import type { ForeignSource } from './foreign-source.js';

interface OldContentParts {
  readonly context: BlockBlobContext;
  readonly step: Step;
  readonly foreign: ForeignSource | undefined;
  /** With the ETag of the properties. */
  readonly reading: ReadOptions;
}

interface OldBlob {
  readonly properties: BlobGetPropertiesResponse;
  readonly state: StoredState;
  /** Without encryption data. */
  readonly metadata: Record<string, string>;
}

/** Content that is hashed while it is read, so that what is stored later can be compared with it. */
interface HashedSource {
  readonly pieces: ByteSource;
  /** SHA-256 of the content, once all of it has been read. */
  readonly digest: () => Uint8Array;
}

export interface OldContent {
  readonly source: HashedSource;
  /** Bytes of plaintext. */
  readonly length: number;
  /** What the new blob gets. */
  readonly metadata: Record<string, string>;
  /**
   * For a foreign format, once all of the content has been read: rejects with `FOREIGN_SOURCE_UNCHANGED` if it equals what is
   * stored. That would be ciphertext of the other format, which nobody would expect under ours.
   */
  readonly assertOpened?: () => Promise<void>;
}

const isForeignChosen = ({ task }: Step): boolean => task.do === 'reencrypt' && task.when.foreign === true;

/** Reads content once, and holds its connections. */
export class OldContentReader {
  readonly #streams: Readable[] = [];

  constructor(private readonly parts: OldContentParts) {}

  /** `null` if the blob is neither in the foreign format nor chosen for another reason. */
  async read(blob: OldBlob): Promise<OldContent | null> {
    const { context, step, foreign } = this.parts;
    const { state, metadata, properties } = blob;
    if (foreign !== undefined && state.kind === 'plain' && isForeignChosen(step)) {
      const open = async () => (await this.#open(state)).stream;
      const hold = (stream: Readable): void => this.#hold(stream);
      const found = await openForeign(foreign, { name: context.client.name, metadata, properties, open, hold });
      if (found !== null) {
        const source = hashed(found.pieces);
        return { ...found, source, assertOpened: () => this.#assertOther({ ...found, source }, blob) };
      }
      if (!isChosen(without(step.task, 'foreign'), state)) return null;
    }
    const { stream, length } = await this.#open(state);
    return { source: hashed(stream), length, metadata };
  }

  /** Most formats change the length and so need no second read. Empty content has no ciphertext. */
  async #assertOther({ source, length }: Omit<OldContent, 'metadata'>, { properties, state }: OldBlob): Promise<void> {
    if (length === 0 || length !== properties.contentLength) return;
    await this.parts.step.beforeRequest();
    const hash = startSha256();
    const { stream } = await this.#open(state);
    for await (const piece of stream) hash.update(piece as Buffer);
    if (equalBytes(hash.digest(), source.digest())) throw new ForeignSourceError('FOREIGN_SOURCE_UNCHANGED');
  }

  async #open(state: StoredState): Promise<{ readonly stream: Readable; readonly length: number }> {
    const { context, reading } = this.parts;
    const policy = readingPolicy(context.policy, state);
    const answer = await downloadStream({ ...context, policy }, { offset: 0 }, reading);
    const stream = answer.readableStreamBody as Readable;
    this.#hold(stream);
    return { stream, length: answer.contentLength ?? 0 };
  }

  /** A stream that nobody reads any more may fail: that must not end the process. */
  #hold(stream: Readable): void {
    stream.on('error', () => undefined);
    this.#streams.push(stream);
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}

function hashed(content: ByteSource): HashedSource {
  const hash = startSha256();
  const pieces = (async function* () {
    for await (const piece of content) {
      hash.update(piece);
      yield piece;
    }
  })();
  let digest: Uint8Array | undefined;
  return { pieces, digest: () => (digest ??= hash.digest()) };
}
