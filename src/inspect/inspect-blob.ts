/** Inspects a blob: its encryption data, its length, and the nonces at the start of its regions, fetched one by one. */
import type { BlobGetPropertiesResponse, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { EncryptedBlockBlobClient } from '../blob/encrypted-block-blob-client.js';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { isEncryptedStorageError } from '../errors/any-error.js';
import type { ContentForm } from '../protocol/protocol.js';
import { retryOnConflict } from '../service-errors.js';
import { ENCRYPTION_DATA_ENTRY, encryptionDataOf } from '../wire/blob-metadata.js';
import { type UnfinishedUpload, unfinishedUploadIn } from '../wire/unfinished-upload.js';
import { verification } from './inspection-key.js';
import { inspectNonces, type NonceChoice, type StoredContent } from './inspect-nonces.js';
import type { Anomaly, Facts, Finding } from './report.js';
import { inspectEnvelope, type StoredEnvelope } from './stored-envelope.js';

interface BlobInspection {
  readonly container: ContainerClient;
  readonly client: BlockBlobClient;
  readonly nonces: NonceChoice;
  readonly policy: EncryptionPolicy | null;
}

/** All requests are for the content whose properties were read. If it is replaced in between, the blob is inspected once more. */
export async function inspectBlob(inspection: BlobInspection): Promise<Finding> {
  return retryOnConflict({ attempts: 2, attempt: () => inspectContent(inspection) });
}

async function inspectContent({ container, client, nonces, policy }: BlobInspection): Promise<Finding> {
  const properties = await client.getProperties();
  const text = encryptionDataOf(properties.metadata);
  const entry = await inspectEntry(container, client.name, properties.etag);
  const stored = storedFacts(properties);
  if (text === undefined) return { facts: stored, anomalies: [...entry, NOT_ENCRYPTED], notes: [] };

  const form: ContentForm = properties.blobType === 'PageBlob' ? 'pages' : 'stream';
  const envelope = inspectEnvelope(text, form);
  const upload = unfinishedUploadIn(text);
  if (upload !== null) return unfinished(upload, { facts: { ...stored, ...envelope.facts }, anomalies: entry });
  const content = { client, etag: properties.etag, length: properties.contentLength ?? 0 };
  const lengths = lengthsOf(envelope.usable, content.length);
  const regions = await inspectNonces(content, envelope.usable?.layout.regions, nonces);
  return {
    facts: { ...stored, ...envelope.facts, ...lengths.facts, ...regions.facts },
    anomalies: [...entry, ...envelope.anomalies, ...lengths.anomalies, ...regions.anomalies],
    notes: envelope.notes,
    verification: policy === null ? undefined : await verification(envelope, () => readWhole(content, policy)),
  };
}

const NOT_ENCRYPTED: Anomaly = {
  code: 'NOT_ENCRYPTED',
  text: 'the blob has no encryption data: it is plaintext, or the encryption data was lost',
};

/** Pages of an unfinished upload: it is not known how many are written, so there is no content to inspect. */
const unfinished = (
  { id, previous }: UnfinishedUpload,
  { facts, anomalies }: Pick<Finding, 'facts' | 'anomalies'>,
): Finding => ({
  facts: { ...facts, uploadId: id, previousSnapshot: previous },
  anomalies: [
    ...anomalies,
    {
      code: 'UPLOAD_UNFINISHED',
      text:
        'unfinished upload: it is still in progress, or its process ended before all pages were written; ' +
        (previous === undefined ? 'there was no content before it' : 'the content before it is in the snapshot'),
    },
  ],
  notes: [],
});

const storedFacts = ({ blobType, contentLength, etag, lastModified }: BlobGetPropertiesResponse): Facts => ({
  blobType,
  storedBytes: contentLength,
  etag,
  lastModified: lastModified?.toISOString(),
});

/** HTTP headers lose the letter case of names, but a listing keeps it. Without permission to list, this is not checked. */
async function inspectEntry(
  container: ContainerClient,
  blobName: string,
  etag: string | undefined,
): Promise<Anomaly[]> {
  const names = await entryNames(container, blobName, etag).catch(() => []);
  const odd = names.filter((name) => name !== ENCRYPTION_DATA_ENTRY);
  return odd.map((name) => ({
    code: 'METADATA_NAME_CASE',
    text: `the metadata entry is called ${JSON.stringify(name)}: some SDKs find only "${ENCRYPTION_DATA_ENTRY}"`,
  }));
}

async function entryNames(container: ContainerClient, blobName: string, etag: string | undefined): Promise<string[]> {
  const pages = container.listBlobsFlat({ includeMetadata: true, prefix: blobName }).byPage({ maxPageSize: 1 });
  for await (const { segment } of pages) {
    const [found] = segment.blobItems;
    if (found === undefined) continue;
    // the blob itself is the first of all names with that prefix; a listing omits the quotes of its ETag
    if (found.name !== blobName || bare(found.properties.etag) !== bare(etag)) return [];
    return Object.keys(found.metadata ?? {}).filter((name) => name.toLowerCase() === ENCRYPTION_DATA_ENTRY);
  }
  return [];
}

const bare = (etag: string | undefined): string | undefined => etag?.replaceAll('"', '');

/** What the number of stored bytes says about the content. */
export function lengthsOf(
  usable: StoredEnvelope['usable'],
  length: number,
): { readonly facts: Facts; readonly anomalies: readonly Anomaly[] } {
  if (usable === undefined) return { facts: {}, anomalies: [] };
  const { layout, integrity } = usable;
  const unbound = unboundLength(integrity?.boundLength, length);
  try {
    const { least, most } = layout.plaintextBounds(length);
    const facts =
      least === most ? { plaintextBytes: most } : { plaintextBytesAtLeast: least, plaintextBytesAtMost: most };
    return { facts, anomalies: unbound };
  } catch (error) {
    if (!isEncryptedStorageError(error)) throw error;
    const text = `no writer stores ${length} bytes of ciphertext: the content was cut, or something was appended`;
    return { facts: {}, anomalies: [{ code: 'LENGTH_IMPOSSIBLE', text }, ...unbound] };
  }
}

function unboundLength(bound: number | undefined, length: number): Anomaly[] {
  if (bound === undefined || bound === length) return [];
  const text = `the integrity entries bind ${bound} bytes of ciphertext, and ${length} are stored`;
  return [{ code: 'INTEGRITY_LENGTH', text }];
}

async function readWhole(
  { client, etag }: StoredContent,
  policy: EncryptionPolicy,
): Promise<{ plaintextBytes: number }> {
  const conditions = { ifMatch: etag };
  const { readableStreamBody } = await new EncryptedBlockBlobClient(client, policy).download(0, undefined, {
    conditions,
  });
  let plaintextBytes = 0;
  for await (const piece of readableStreamBody ?? []) plaintextBytes += piece.length;
  return { plaintextBytes };
}
