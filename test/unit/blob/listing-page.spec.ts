/** The XML of a listing, as a service writes it and as it arrives: in pieces, truncated, or not a listing at all. */
import { Readable } from 'node:stream';
import { readPage } from '../../../src/blob/maintenance/listing-page.js';

const PROLOG = '\ufeff<?xml version="1.0" encoding="utf-8"?>';
const listing = (blobs: string, marker = '<NextMarker />'): string =>
  `${PROLOG}<EnumerationResults ServiceEndpoint="http://a/?b=>" ContainerName='c'><MaxResults>2</MaxResults><Blobs>${blobs}</Blobs>${marker}</EnumerationResults>`;
const PROPERTIES = '<Properties><Etag>0x1</Etag><BlobType>BlockBlob</BlobType><Content-MD5 /></Properties>';
const blob = (name: string, metadata = '<Metadata />'): string =>
  `<Blob><Name>${name}</Name>${PROPERTIES}${metadata}<OrMetadata /></Blob>`;

const inPieces = (text: string, length: number): Readable => {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / length);
  return Readable.from(Array.from({ length: count }, (_, at) => bytes.subarray(at * length, (at + 1) * length)));
};
const read = (text: string, length = text.length) => readPage(inPieces(text, length), (found) => found);
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

const SAMPLE = listing(
  blob('scans/ä&amp;b.dcm', '<Metadata><Owner>A &lt; B</Owner><encryptiondata>{"a":"é"}</encryptiondata></Metadata>') +
    `<Blob><Name Encoded="true">a%00%EF%BF%BE</Name><Snapshot>2026-01-01T00:00:00.0000000Z</Snapshot>${PROPERTIES}</Blob>`,
  '<NextMarker>2!76!MDAw</NextMarker>',
);

it('has the name, the properties and the metadata of each blob', async () => {
  const facts = { Etag: '0x1', BlobType: 'BlockBlob' };
  expect(await read(SAMPLE)).toMatchObject({
    entries: [
      { name: 'scans/ä&b.dcm', facts, metadata: { Owner: 'A < B', encryptiondata: '{"a":"é"}' } },
      { name: 'a\0\ufffe', facts: { ...facts, Snapshot: '2026-01-01T00:00:00.0000000Z' }, metadata: {} },
    ],
    marker: '2!76!MDAw',
  });
});

it.each([1, 2, 3, 7, 64])('is the same if it arrives in pieces of %i bytes', async (length) => {
  const { entries, marker } = await read(SAMPLE);
  expect(await read(SAMPLE, length)).toMatchObject({ entries, marker });
});

it('is the last one without a marker, and may be empty', async () => {
  expect(await read(listing(''))).toMatchObject({ entries: [], marker: '' });
  expect(await read(`${PROLOG}<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>`)).toMatchObject({
    entries: [],
  });
});

it.each([
  ['&amp;&lt;&gt;&quot;&apos;', `&<>"'`],
  ['&#65;&#x41;&#X1F600;', 'AA😀'],
  ['&amp;lt;', '&lt;'],
])('reads %s as %s', async (text, expected) => {
  const { entries } = await read(listing(blob(text)));
  expect(entries[0]?.name).toBe(expected);
});

it('keeps metadata whose name is a member of every object', async () => {
  const { entries } = await read(listing(blob('a', '<Metadata><__proto__>x</__proto__></Metadata>')));
  expect(Object.entries(entries[0]?.metadata ?? {})).toEqual([['__proto__', 'x']]);
});

it('is rejected wherever it is truncated', async () => {
  for (let length = 0; length < SAMPLE.length; length += 1) {
    await expect(read(SAMPLE.slice(0, length), 1000)).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'));
  }
});

it('is rejected if the connection breaks', async () => {
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(SAMPLE.slice(0, 100));
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  };
  await expect(readPage(Readable.from(broken()), (found) => found)).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'));
});

it.each([
  ['an error page from a proxy', '<html><body><br>Bad gateway</body></html>'],
  ['another document', '<Other><Blobs></Blobs></Other>'],
  ['a listing without blobs', '<EnumerationResults><NextMarker /></EnumerationResults>'],
  ['JSON', '{"Blobs":[]}'],
  ['nothing', ' '],
  ['a declaration', `<!DOCTYPE x [<!ENTITY a "b">]>${listing('')}`],
  ['an unknown entity', listing(blob('&a;'))],
  ['an entity with the name of a member of every object', listing(blob('&constructor;'))],
  ['a number that is not a character', listing(blob('&#x110000;'))],
  ['elements that close in the wrong order', listing('<Blob><Name>a</Blob></Name>')],
  ['a second document', `${listing('')}<a></a>`],
  ['text between elements', listing('<Blob><Name>a<?b?>c</Name></Blob>')],
  ['text before an element', listing('<Blob><Name>a<b/></Name></Blob>')],
  ['a blob without a name', listing(`<Blob>${PROPERTIES}</Blob>`)],
  ['a badly encoded name', listing('<Blob><Name Encoded="true">%E0</Name></Blob>')],
])('is rejected if it is %s', async (_, text) => {
  await expect(read(text)).rejects.toEqual(code('INVALID_SERVICE_RESPONSE'));
});

it('keeps only what the caller wants', async () => {
  const body = inPieces(listing(blob('a') + blob('b')), 1000);
  const { entries } = await readPage(body, ({ name }) => (name === 'a' ? undefined : name));
  expect(entries).toEqual(['b']);
});
