/** Stores the progress of a job: small JSON documents, each replaced only under the ETag that was read, so workers detect conflicts. */
import type { ContainerClient } from '@azure/storage-blob';
import { MOST_IN_PAGE } from '../blob/maintenance/listed-blob.js';
import { listingPages } from '../blob/maintenance/listing-page.js';
import { InvalidOptionsError } from '../errors/input.js';
import { isChanged, isMissing, isTaken, nullIfMissing } from '../service-errors.js';
import { MOST_NAMED } from './shard.js';

/** The container that commands and modules keep the state of jobs in, unless another one is given. */
export const STATE_CONTAINER = 'azcse-maintenance';

export interface StoredDocument<Value> {
  readonly value: Value;
  readonly etag: string;
}

/** Counts stored as metadata of a document, so that one listing shows the status of a job. */
export type DocumentFacts = Readonly<Record<string, string>>;

interface ListedDocument {
  readonly name: string;
  readonly facts: DocumentFacts;
}

export interface StateStore {
  read<Value>(name: string): Promise<StoredDocument<Value> | null>;
  /** The ETag of the new document; `null` if one of that name exists. */
  create(name: string, value: unknown, facts?: DocumentFacts): Promise<string | null>;
  /** The new ETag; `null` if another process changed the document. */
  replace(name: string, document: StoredDocument<unknown>, facts?: DocumentFacts): Promise<string | null>;
  /** Stores lines of JSON, and replaces what exists. */
  writeLines(name: string, lines: string): Promise<void>;
  readLines<Line>(name: string): Promise<readonly Line[]>;
  /** The documents whose names begin with the prefix, in alphabetical order. */
  list(prefix: string): AsyncIterable<ListedDocument>;
}

/** For jobs without `state`: nothing is written to storage. */
export class MemoryStore implements StateStore {
  readonly #documents = new Map<
    string,
    { readonly text: string; readonly etag: string; readonly facts: DocumentFacts }
  >();
  readonly #lines = new Map<string, readonly string[]>();
  #changes = 0;

  async read<Value>(name: string): Promise<StoredDocument<Value> | null> {
    const found = this.#documents.get(name);
    return found === undefined ? null : { value: JSON.parse(found.text) as Value, etag: found.etag };
  }

  async create(name: string, value: unknown, facts: DocumentFacts = {}): Promise<string | null> {
    return this.#documents.has(name) ? null : this.#put(name, value, facts);
  }

  async replace(name: string, { value, etag }: StoredDocument<unknown>, facts: DocumentFacts = {}) {
    return this.#documents.get(name)?.etag === etag ? this.#put(name, value, facts) : null;
  }

  async *list(prefix: string): AsyncGenerator<ListedDocument> {
    const names = [...this.#documents.keys(), ...this.#lines.keys()].filter((name) => name.startsWith(prefix)).sort();
    for (const name of names) yield { name, facts: this.#documents.get(name)?.facts ?? {} };
  }

  /** Only the report reads them, so no more are kept than it names, plus the rest of that page. */
  async writeLines(name: string, lines: string): Promise<void> {
    const others = [...this.#lines].filter(([other]) => other !== name);
    const held = others.reduce((sum, [, { length }]) => sum + length, 0);
    if (held < MOST_NAMED) this.#lines.set(name, linesIn(lines));
  }

  async readLines<Line>(name: string): Promise<readonly Line[]> {
    return (this.#lines.get(name) ?? []).map((line) => JSON.parse(line) as Line);
  }

  #put(name: string, value: unknown, facts: DocumentFacts): string {
    const etag = String(++this.#changes);
    this.#documents.set(name, { text: JSON.stringify(value), etag, facts });
    return etag;
  }
}

/** Stores documents as blobs in a container. They contain names of objects in plaintext, but never keys or content. */
export class ContainerStore implements StateStore {
  constructor(private readonly container: ContainerClient) {}

  async read<Value>(name: string): Promise<StoredDocument<Value> | null> {
    const found = await this.#download(name).catch(nullIfMissing);
    // an empty answer is not JSON
    return found === null ? null : { value: parsed(name, found.text) as Value, etag: found.etag };
  }

  create(name: string, value: unknown, facts: DocumentFacts = {}): Promise<string | null> {
    return this.#write(name, value, { facts, conditions: { ifNoneMatch: '*' } });
  }

  replace(name: string, { value, etag }: StoredDocument<unknown>, facts: DocumentFacts = {}): Promise<string | null> {
    return this.#write(name, value, { facts, conditions: { ifMatch: etag } });
  }

  async writeLines(name: string, lines: string): Promise<void> {
    const text = Buffer.from(lines);
    const blobHTTPHeaders = { blobContentType: 'application/x-ndjson' };
    await this.container.getBlockBlobClient(name).upload(text, text.length, { blobHTTPHeaders });
  }

  async readLines<Line>(name: string): Promise<readonly Line[]> {
    const { text } = await this.#download(name);
    return linesIn(text).map((line) => parsed(name, line) as Line);
  }

  async *list(prefix: string): AsyncGenerator<ListedDocument> {
    const request = { prefix, include: ['metadata'], pageSize: MOST_IN_PAGE };
    const pages = listingPages(this.container, request, ({ name, metadata }) => ({ name, facts: metadata }));
    for await (const { entries } of pages) yield* entries;
  }

  /** One request, so that text and ETag belong together. */
  async #download(name: string): Promise<{ readonly text: string; readonly etag: string }> {
    const { readableStreamBody, etag } = await this.container.getBlockBlobClient(name).download();
    const pieces: Buffer[] = [];
    for await (const piece of readableStreamBody ?? []) pieces.push(Buffer.from(piece));
    return { text: Buffer.concat(pieces).toString('utf8'), etag: etag ?? '' };
  }

  async #write(
    name: string,
    value: unknown,
    { facts, conditions }: { readonly facts: DocumentFacts; readonly conditions: object },
  ): Promise<string | null> {
    const text = Buffer.from(JSON.stringify(value));
    try {
      const options = { conditions, metadata: { ...facts }, blobHTTPHeaders: { blobContentType: 'application/json' } };
      const { etag } = await this.container.getBlockBlobClient(name).upload(text, text.length, options);
      return etag ?? '';
    } catch (error) {
      if (isChanged(error) || isTaken(error) || isMissing(error)) return null;
      throw error;
    }
  }
}

const linesIn = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidOptionsError([
      `${name} in the state container is not JSON: delete it, or choose another job name`,
    ]);
  }
}
