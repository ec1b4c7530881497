/** Listings of blobs, page by page, collected from their XML. */
import type { Readable } from 'node:stream';
import type { ContainerClient } from '@azure/storage-blob';
import { isAbort } from '../../aborts.js';
import { isEncryptedStorageError } from '../../errors/any-error.js';
import { InvalidServiceResponseError } from '../../errors/transfer.js';
import { TimeSlice } from '../../streams/time-slice.js';
import { type PageRequest, requestPage } from './listing-request.js';
import { XmlReader } from './xml-reader.js';

/** A blob as text, as the listing shows it. */
export interface ListingEntry {
  readonly name: string;
  readonly facts: Facts;
  /** Names in the letter case in which they are stored. */
  readonly metadata: Record<string, string>;
}

/** What is read of an entry and of its properties. */
const FACTS = [
  ...(['Snapshot', 'VersionId', 'IsCurrentVersion', 'Deleted', 'Etag', 'BlobType', 'AccessTier'] as const),
  ...(['EncryptionScope', 'RemainingRetentionDays', 'ResourceType', 'Content-Length'] as const),
  'CustomerProvidedKeySha256' as const,
];
export type Facts = Readonly<Partial<Record<(typeof FACTS)[number], string>>>;
const isFact = new Set<string>(FACTS);
type ListingAttributes = Readonly<{ Encoded?: string }>;
/** Bytes that are read between two checks of the clock. */
const PIECE_LENGTH = 16 * 1024;

interface ListingPage<Entry> {
  readonly entries: readonly Entry[];
  /** Where the next page begins; empty for the last one. */
  readonly marker: string;
}

/** The pages of a listing, from the marker of the request on. */
export async function* listingPages<Entry>(
  container: ContainerClient,
  request: PageRequest,
  entryOf: (found: ListingEntry) => Entry | undefined,
): AsyncGenerator<ListingPage<Entry>> {
  for (let { marker } = request; marker !== '';) {
    const page = await readPage(await requestPage(container, { ...request, marker }), entryOf);
    marker = page.marker;
    yield page;
  }
}

/**
 * Yields to the event loop while it works.
 *
 * @param entryOf - what to keep of a blob; nothing for `undefined`
 * @throws {@link InvalidServiceResponseError} unless the page is complete
 */
export async function readPage<Entry>(
  body: Readable,
  entryOf: (found: ListingEntry) => Entry | undefined,
): Promise<ListingPage<Entry>> {
  const page = new PageInProgress(entryOf);
  const reader = new XmlReader((path, text, attributes) => page.note(path, text, attributes));
  const decoder = new TextDecoder();
  const slice = new TimeSlice();
  try {
    for await (const chunk of body) {
      for (const step of piecesOf(chunk as Uint8Array)) {
        while (slice.isSpent) await slice.breathe();
        reader.write(decoder.decode(step, { stream: true }));
      }
    }
  } catch (error) {
    if (isEncryptedStorageError(error) || isAbort(error)) throw error;
    throw new InvalidServiceResponseError('breaks off');
  }
  reader.end();
  if (!page.hasList) throw new InvalidServiceResponseError('has no list of blobs');
  return page;
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += PIECE_LENGTH) yield chunk.subarray(at, at + PIECE_LENGTH);
}

class PageInProgress<Entry> implements ListingPage<Entry> {
  readonly entries: Entry[] = [];
  marker = '';
  hasList = false;
  #name = '';
  #facts: Record<string, string> = {};
  #metadata: [name: string, value: string][] = [];

  constructor(private readonly entryOf: (found: ListingEntry) => Entry | undefined) {}

  note([root, list, blob, group, name]: readonly string[], text: string, attributes: ListingAttributes): void {
    if (name !== undefined) this.#noteIn(group, name, text);
    else if (group === 'Name') this.#name = nameOf(text, attributes);
    else if (group !== undefined) this.#noteFact(group, text);
    else if (blob !== undefined) this.#finish();
    else if (list === 'NextMarker') this.marker = text;
    else if (list === 'Blobs') this.hasList = root === 'EnumerationResults';
  }

  #noteIn(group: string | undefined, name: string, text: string): void {
    if (group === 'Metadata') this.#metadata.push([name, text]);
    else if (group === 'Properties') this.#noteFact(name, text);
  }

  #noteFact(name: string, text: string): void {
    if (isFact.has(name)) this.#facts[name] = text;
  }

  #finish(): void {
    if (this.#name === '') throw new InvalidServiceResponseError('has a blob without a name');
    const metadata = Object.fromEntries(this.#metadata);
    const entry = this.entryOf({ name: this.#name, facts: this.#facts, metadata });
    if (entry !== undefined) this.entries.push(entry);
    this.#name = '';
    this.#facts = {};
    this.#metadata = [];
  }
}

/** A name with characters that XML does not have is percent-encoded. */
function nameOf(text: string, { Encoded }: ListingAttributes): string {
  if (Encoded !== 'true') return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidServiceResponseError('has the name of a blob that is not encoded properly');
  }
}
