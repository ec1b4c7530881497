/** Stored objects of every kind, for the Python program that implements integrity entries only from docs/formats.md. */
import { readFileSync } from 'node:fs';
import { type Edm, type EdmTypes, type GetTableEntityResponse, TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { Encrypt, EncryptedEntity, Sign } from 'nestjs-azure-encrypted-storage';
import { connectionString } from '../../support/azurite.js';
import { bytesFrom } from '../../support/blobs.js';
import type { Place } from './blob-cases.js';
import { KEY } from './keys.js';
import { ask, type Peer, type Protocol } from './peers.js';

/** Not an SDK: the module `integrity` of the peers' Python. */
const PROGRAM = { runtime: 'pypi', sdk: 'integrity' } as Peer;

export const CONTEXT = 'tenant-7 ü';

export interface ContentCase {
  readonly kind: 'stream' | 'pages' | 'message';
  readonly protocol: Protocol;
  readonly sizes: readonly number[];
  readonly regionLength?: number;
}

export const CONTENTS: readonly ContentCase[] = [
  { kind: 'stream', protocol: '1.0', sizes: [0, 1, 15, 16, 17, 1000] },
  { kind: 'stream', protocol: '2.0', sizes: [0, 1, 1000] },
  { kind: 'stream', protocol: '2.1', sizes: [1, 15, 16, 17, 32, 1000], regionLength: 16 },
  { kind: 'pages', protocol: '1.0', sizes: [512, 4096] },
  { kind: 'message', protocol: '1.0', sizes: [0, 1, 16, 1000] },
  { kind: 'message', protocol: '2.0', sizes: [0, 1, 16, 1000] },
];

export interface StoredContent {
  readonly encryptionData: string;
  /** Ciphertext in base64. */
  readonly body: string;
}

export interface StoredRow {
  readonly encryptionData: string;
  /** Ciphertexts in base64. */
  readonly list: string;
  readonly sealed: Readonly<Record<string, string>>;
}

/** A plaintext value, as the service types it. */
export interface ClearValue {
  readonly type: EdmTypes;
  readonly value: unknown;
}

interface Keys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

interface Bound {
  readonly kind: ContentCase['kind'] | 'entity';
  readonly context?: string;
  /** In the form that a peer accepts. */
  readonly key?: object;
}

/** What Python opened. Rejects unless the object has exactly the entries that it must have. */
export const checkContent = async (stored: StoredContent, bound: Bound): Promise<Buffer> => {
  const { kind, context, key = KEY.theirs } = bound;
  const request = { ...stored, kind, context, key };
  const { content } = await ask<{ content: string }>(PROGRAM, 'integrity.check', request);
  return Buffer.from(content, 'base64');
};

export const makeContent = (
  content: Buffer,
  bound: Bound & Pick<ContentCase, 'protocol' | 'regionLength'>,
): Promise<StoredContent> =>
  ask(PROGRAM, 'integrity.make', { ...bound, content: content.toString('base64'), key: KEY.theirs });

export interface RowParts extends Keys {
  readonly signed: Readonly<Record<string, ClearValue>>;
}

export const checkRow = async (
  stored: StoredRow & RowParts,
  bound: Partial<Bound>,
): Promise<Record<string, string>> => {
  const { context, key = KEY.theirs } = bound;
  const request = { ...stored, context, key, kind: 'entity' };
  return (await ask<{ texts: Record<string, string> }>(PROGRAM, 'integrity.check', request)).texts;
};

export const makeRow = (
  row: RowParts & { readonly texts: Readonly<Record<string, string>>; readonly types: string },
  bound: Partial<Bound>,
): Promise<StoredRow> =>
  ask(PROGRAM, 'integrity.make', { ...row, ...bound, kind: 'entity', protocol: '1.0', key: KEY.theirs });

const containerOf = ({ container }: Place) =>
  BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(container);

export async function storedBlob(place: Place): Promise<StoredContent> {
  const blob = containerOf(place).getBlobClient(place.blob);
  const { metadata = {}, readableStreamBody } = await blob.download();
  const body = await bytesFrom(readableStreamBody);
  return { encryptionData: metadata['encryptiondata'] ?? '', body: body.toString('base64') };
}

export async function storeBlob(
  place: Place,
  { encryptionData, body }: StoredContent,
  isPages: boolean,
): Promise<void> {
  const metadata = { encryptiondata: encryptionData };
  const bytes = Buffer.from(body, 'base64');
  const container = containerOf(place);
  if (!isPages) {
    await container.getBlockBlobClient(place.blob).upload(bytes, bytes.length, { metadata });
    return;
  }
  const pages = container.getPageBlobClient(place.blob);
  await pages.create(bytes.length, { metadata });
  await pages.uploadPages(bytes, 0, bytes.length);
}

export const messageText = ({ encryptionData, body }: StoredContent): string =>
  JSON.stringify({ EncryptedMessageContents: body, EncryptionData: JSON.parse(encryptionData) as object });

export function storedMessage(text: string): StoredContent {
  const { EncryptedMessageContents: body, EncryptionData: data } = JSON.parse(text) as {
    readonly EncryptedMessageContents: string;
    readonly EncryptionData: object;
  };
  return { encryptionData: JSON.stringify(data), body };
}

/** A row that seals two properties and signs one of each type. */
@EncryptedEntity<Letter>({ clear: ['free'] })
export class Letter {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
  @Encrypt({ type: 'date' }) Straße!: Date;
  @Sign() Ünicode!: string;
  @Sign() visits!: number;
  @Sign() ratio!: number;
  @Sign() big!: bigint;
  @Sign() open!: boolean;
  @Sign() seen!: Date;
  @Sign() gid!: Edm<'Guid'>;
  @Sign() bytes!: Uint8Array;
  free?: string;
}

export const SEALED = ['name', 'Straße'];
export const LETTER: Letter = {
  ...{ partitionKey: "o'neill", rowKey: 'Grüße', name: 'A. Example', Straße: new Date('2000-01-01T00:00:00.000Z') },
  ...{ Ünicode: 'ü "open"', visits: 17, ratio: 0.1, big: -(2n ** 63n), open: true },
  seen: new Date('1969-12-31T23:59:59.999Z'),
  gid: { type: 'Guid', value: '12345678-90ab-cdef-1234-567890abcdef' },
  ...{ bytes: Buffer.from([0, 1, 254]), free: 'not signed' },
};
const SIGNED = ['Ünicode', 'visits', 'ratio', 'big', 'open', 'seen', 'gid', 'bytes'];
const METADATA = ['_ClientEncryptionMetadata1', '_ClientEncryptionMetadata2'] as const;

export const rawTable = (table: string): TableClient =>
  TableClient.fromConnectionString(connectionString(), table, { allowInsecureConnection: true });

/** The row without the conversions of the SDK. */
export async function storedRow(table: string, { partitionKey, rowKey }: Keys): Promise<StoredRow & RowParts> {
  const row = await rawTable(table).getEntity(partitionKey, rowKey, { disableTypeConversion: true });
  const [encryptionData, list] = METADATA.map((name) => asClear(row[name]).value as string);
  return {
    ...{ partitionKey, rowKey, encryptionData: encryptionData ?? '', list: list ?? '' },
    sealed: Object.fromEntries(SEALED.map((name) => [name, String(asClear(row[name]).value)])),
    signed: signedOf(row),
  };
}

export const signedOf = (row: GetTableEntityResponse<object>): Record<string, ClearValue> =>
  Object.fromEntries(SIGNED.map((name) => [name, asClear((row as Record<string, unknown>)[name])]));

/** The SDK returns some values as in JSON, and some in its own form, as text. */
function asClear(value: unknown): ClearValue {
  if (typeof value === 'string') return { type: 'String', value };
  if (typeof value === 'boolean') return { type: 'Boolean', value };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'Int32' : 'Double', value };
  const { type, value: given } = value as ClearValue;
  if (type === 'Boolean') return { type, value: String(given) === 'true' };
  return { type, value: type === 'Int32' || type === 'Double' ? Number(given) : given };
}

export async function storeRow(table: string, row: StoredRow & RowParts): Promise<void> {
  const { partitionKey, rowKey, encryptionData, list, sealed, signed } = row;
  await rawTable(table).createEntity({
    ...{ partitionKey, rowKey },
    ...Object.fromEntries(Object.entries(sealed).map(([name, value]) => [name, { type: 'Binary', value }])),
    ...signed,
    [METADATA[0]]: encryptionData,
    [METADATA[1]]: { type: 'Binary', value: list },
  });
}

export interface KnownAnswer {
  readonly id: string;
  readonly kind: Bound['kind'];
  readonly context?: string;
  readonly plaintext?: string;
  readonly partitionKey?: string;
  readonly rowKey?: string;
  readonly sealed?: Readonly<Record<string, string>>;
  readonly signed?: Readonly<Record<string, { readonly type: EdmTypes; readonly json: unknown }>>;
  readonly stored: Readonly<Record<string, unknown>>;
}

const known = JSON.parse(readFileSync('test/vectors/integrity.json', 'utf8')) as {
  readonly kek: { readonly id: string; readonly algorithm: string; readonly hex: string };
  readonly cases: readonly KnownAnswer[];
};
const { id, algorithm, hex } = known.kek;
const key = { id, algorithm, secret: Buffer.from(hex, 'hex').toString('base64') };
export const KNOWN_ANSWERS = known.cases.map((vector) => ({ ...vector, key }));

export function knownContent({ kind, stored }: KnownAnswer): StoredContent {
  if (kind === 'message') return storedMessage(String(stored['text']));
  const body = Buffer.from(String(stored['body']), 'hex').toString('base64');
  return { encryptionData: String(stored['encryptiondata']), body };
}

export function knownRow({ partitionKey = '', rowKey = '', signed = {}, stored }: KnownAnswer): StoredRow & RowParts {
  const [encryptionData, list] = METADATA.map((name) => String(stored[name]));
  return {
    ...{ partitionKey, rowKey, encryptionData: encryptionData ?? '', list: list ?? '' },
    sealed: stored['sealed'] as StoredRow['sealed'],
    signed: Object.fromEntries(Object.entries(signed).map(([name, { type, json }]) => [name, { type, value: json }])),
  };
}
