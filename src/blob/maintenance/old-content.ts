/** What a blob contained that is encrypted again: opened by this package, or read by the application from a format of others. */
import type { Readable } from 'node:stream';
import type { BlobGetPropertiesResponse } from '@azure/storage-blob';
import { readingPolicy } from '../../envelope/maintenance/reading-policy.js';
import type { StoredState } from '../../envelope/maintenance/stored-state.js';
import { isChosen, type MaintenanceTask, without } from '../../envelope/maintenance/task.js';
import { downloadStream } from '../download.js';
import type { ReadOptions } from '../read-requests.js';
import type { BlockBlobContext } from '../upload-blocks.js';
import { openForeign } from './foreign-content.js';
import type { ForeignSource } from './foreign-source.js';
import { hashed, type HashedSource } from './hashed-source.js';

export interface OldContentParts {
  readonly context: BlockBlobContext;
  readonly task: MaintenanceTask;
  readonly foreign: ForeignSource | undefined;
  /** With the ETag of the properties. */
  readonly reading: ReadOptions;
}

export interface OldBlob {
  readonly properties: BlobGetPropertiesResponse;
  readonly state: StoredState;
  /** Without encryption data. */
  readonly metadata: Record<string, string>;
}

export interface OldContent {
  readonly source: HashedSource;
  /** Bytes of plaintext. */
  readonly length: number;
  /** What the new blob gets. */
  readonly metadata: Record<string, string>;
}

const isForeignChosen = (task: MaintenanceTask): boolean => task.do === 'reencrypt' && task.when.foreign === true;

/** Reads content once, and holds its connections. */
export class OldContentReader {
  readonly #streams: Readable[] = [];

  constructor(private readonly parts: OldContentParts) {}

  /** `null` if the blob is neither in the foreign format nor chosen for another reason. */
  async read(blob: OldBlob): Promise<OldContent | null> {
    const { context, task, foreign } = this.parts;
    const { state, metadata, properties } = blob;
    if (foreign !== undefined && state.kind === 'plain' && isForeignChosen(task)) {
      const open = async () => (await this.#open(state)).stream;
      const hold = (stream: Readable): void => this.#hold(stream);
      const found = await openForeign(foreign, { name: context.client.name, metadata, properties, open, hold });
      if (found !== null) return { ...found, source: hashed(found.pieces) };
      if (!isChosen(without(task, 'foreign'), state)) return null;
    }
    const { stream, length } = await this.#open(state);
    return { source: hashed(stream), length, metadata };
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
