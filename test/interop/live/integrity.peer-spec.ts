/** Integrity entries in both directions, with a Python program that shares no code with this package. */
import { DecryptionError } from 'nestjs-azure-encrypted-storage';
import { content, type Place, useContainer } from './blob-cases.js';
import { newTable } from './entity-cases.js';
import * as cases from './integrity-cases.js';
import { newQueue } from './message-cases.js';
import { PeerProcess } from './peer-process.js';
import { stopPeersAfterAll } from './peers.js';
import { closeStorageAfterAll, storageOf, type StorageOptions } from './storage.js';

stopPeersAfterAll();
closeStorageAfterAll();
const { newBlob } = useContainer();

const describeHere = PeerProcess.has('pypi') ? describe : describe.skip;
const CONTEXTS = [undefined, cases.CONTEXT];
const TRIED = CONTEXTS.flatMap((context) =>
  cases.CONTENTS.flatMap(({ sizes, ...one }) =>
    sizes.map((size) => ({ ...one, size, ...(context === undefined ? {} : { context }) })),
  ),
);
type Tried = (typeof TRIED)[number];

const optionsOf = ({
  protocol,
  regionLength,
  context,
}: Pick<Tried, 'protocol' | 'regionLength' | 'context'>): StorageOptions => ({
  ...{ protocol, integrity: 'require' },
  ...(regionLength === undefined ? {} : { regionLength }),
  ...(context === undefined ? {} : { context }),
});

const boundOf = ({ kind, context }: Pick<Tried, 'kind' | 'context'>) => ({
  kind,
  ...(context === undefined ? {} : { context }),
});

async function blobOf(place: Place, tried: Tried) {
  const container = (await storageOf(optionsOf(tried))).blobs.getContainerClient(place.container);
  return tried.kind === 'pages' ? container.getPageBlobClient(place.blob) : container.getBlockBlobClient(place.blob);
}

/** What this package wrote, as it is stored. */
async function written(tried: Tried): Promise<cases.StoredContent> {
  if (tried.kind === 'message') {
    const { queue, raw } = await newQueue();
    await (await storageOf(optionsOf(tried))).queues.getQueueClient(queue).sendMessage(content(tried.size));
    return cases.storedMessage((await raw.peekMessages()).peekedMessageItems[0]!.messageText);
  }
  const place = newBlob();
  await (await blobOf(place, tried)).uploadData(content(tried.size));
  return cases.storedBlob(place);
}

/** Stores the object unchanged, and reads it with this package under `integrity: 'require'`. */
async function read(stored: cases.StoredContent, tried: Tried): Promise<Buffer> {
  if (tried.kind === 'message') {
    const { queue, raw } = await newQueue();
    await raw.sendMessage(cases.messageText(stored));
    const client = (await storageOf(optionsOf(tried))).queues.getQueueClient(queue);
    return (await client.peekMessages()).peekedMessageItems[0]!.messageBytes;
  }
  const place = newBlob();
  await cases.storeBlob(place, stored, tried.kind === 'pages');
  return (await blobOf(place, tried)).downloadToBuffer();
}

/** The same with one bit of the MAC changed. */
function withOtherMac<Stored extends { readonly encryptionData: string }>(stored: Stored): Stored {
  const encryptionData = stored.encryptionData.replace(
    /("AzCseMac":\s*")(.)/,
    (_, before: string, first: string) => `${before}${first === 'A' ? 'B' : 'A'}`,
  );
  return { ...stored, encryptionData };
}

describeHere('the known answers, checked by another program', () => {
  it.each(cases.KNOWN_ANSWERS)('$id', async (vector) => {
    if (vector.kind === 'entity') {
      expect(await cases.checkRow(cases.knownRow(vector), vector)).toEqual(vector.sealed);
    } else {
      expect((await cases.checkContent(cases.knownContent(vector), vector)).toString('hex')).toBe(vector.plaintext);
    }
  });
});

describeHere('entries that this package wrote, checked by another program', () => {
  it.each(TRIED)('$kind in $protocol, $size bytes, context $context', async (tried) => {
    const stored = await written(tried);

    expect((await cases.checkContent(stored, boundOf(tried))).equals(content(tried.size))).toBe(true);
    await expect(cases.checkContent(withOtherMac(stored), boundOf(tried))).rejects.toThrow('the entries are');
  });

  it.each(CONTEXTS)('a row, context %s', async (context) => {
    const { table } = await newTable();
    const { tables } = await storageOf(optionsOf({ protocol: '1.0', ...(context === undefined ? {} : { context }) }));
    await tables.getTableClient(cases.Letter, table).createEntity(cases.LETTER);
    const stored = await cases.storedRow(table, cases.LETTER);
    const bound = context === undefined ? {} : { context };

    expect(await cases.checkRow(stored, bound)).toEqual({ name: 'A. Example', Straße: '2000-01-01T00:00:00.000Z' });
    await expect(cases.checkRow({ ...stored, rowKey: 'other' }, bound)).rejects.toThrow();
    const changed = { ...stored.signed, visits: { type: 'Int32', value: 18 } as const };
    await expect(cases.checkRow({ ...stored, signed: changed }, bound)).rejects.toThrow('the entries are');
  });
});

describeHere('entries that another program made, verified by this package', () => {
  it.each(TRIED)('$kind in $protocol, $size bytes, context $context', async (tried) => {
    const made = await cases.makeContent(content(tried.size), { ...boundOf(tried), ...tried });

    expect((await read(made, tried)).equals(content(tried.size))).toBe(true);
    await expect(read(withOtherMac(made), tried)).rejects.toBeInstanceOf(DecryptionError);
  });

  it.each(CONTEXTS)('a row, context %s', async (context) => {
    const bound = context === undefined ? {} : { context };
    const { signed } = await signedParts();
    const keys = { partitionKey: cases.LETTER.partitionKey, rowKey: cases.LETTER.rowKey };
    const texts = { name: 'A. Example', Straße: '2000-01-01T00:00:00.000Z' };
    const made = await cases.makeRow({ ...keys, signed, texts, types: '{"Straße":"date"}' }, bound);
    const { tables } = await storageOf(optionsOf({ protocol: '1.0', ...bound }));
    const [whole, changed] = [(await newTable()).table, (await newTable()).table];
    await cases.storeRow(whole, { ...keys, signed, ...made });
    await cases.storeRow(changed, { ...keys, signed: { ...signed, open: { type: 'Boolean', value: false } }, ...made });

    const row = await tables.getTableClient(cases.Letter, whole).getEntity(keys.partitionKey, keys.rowKey);

    const { free: _free, ...expected } = cases.LETTER;
    expect(row).toMatchObject(expected);
    const reading = tables.getTableClient(cases.Letter, changed).getEntity(keys.partitionKey, keys.rowKey);
    await expect(reading).rejects.toBeInstanceOf(DecryptionError);
  });
});

/** The plaintext values of a letter, as the service types them. */
async function signedParts(): Promise<cases.RowParts> {
  const { table } = await newTable();
  const { tables } = await storageOf({ protocol: '1.0' });
  await tables.getTableClient(cases.Letter, table).createEntity(cases.LETTER);
  return cases.storedRow(table, cases.LETTER);
}
