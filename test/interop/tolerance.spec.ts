/** What we write, exactly, and what we still read from other writers: docs/formats.md. */
import { runAll } from '../../src/crypto/byte-transform.js';
import { createEnvelope, openEnvelope } from '../../src/envelope/envelope.js';
import type { ProtocolVersion } from 'nestjs-azure-encrypted-storage';
import { protocolFor } from '../../src/protocol/registry.js';
import { encryptionDataOf } from '../../src/wire/blob-metadata.js';
import { type EncryptionDataPlace, formatEncryptionData, parseEncryptionData } from '../../src/wire/encryption-data.js';
import { fieldReader } from '../../src/wire/json.js';
import { parseMessage } from '../../src/wire/queue-message.js';
import { content, policyOf } from '../support/blobs.js';

const blob = { kind: 'blob', account: 'a', container: 'c', blob: 'b' } as const;
const plaintext = content(200);
const VERSIONS: readonly ProtocolVersion[] = ['1.0', '2.0', '2.1'];

async function written(version: ProtocolVersion, integrity: 'off' | 'require' = 'off') {
  const policy = policyOf(version, { integrity });
  const { sealer, sealedData } = await createEnvelope(policy, { target: blob, form: 'stream' });
  const sealed = runAll(sealer.seal(), plaintext);
  return { policy, encryptionData: sealedData(), sealed };
}

async function expectRead(
  { policy, encryptionData, sealed }: Awaited<ReturnType<typeof written>>,
  change: (text: string) => string,
): Promise<void> {
  const text = formatEncryptionData(encryptionData, 'blob');
  const changed = change(text);
  expect(changed).not.toBe(text);

  const context = { target: blob, form: 'stream', storedLength: sealed.length } as const;
  const opener = await openEnvelope(policy, parseEncryptionData(changed), context);

  const opened = runAll(opener.open(opener.layout.window({ offset: 0 }, sealed.length)), sealed);
  expect(opened.equals(plaintext)).toBe(true);
}

/** Spellings of the same values, and what the integrity entries do not cover. */
const spellings: readonly (readonly [string, (text: string) => string])[] = [
  ['white space between its tokens', (text) => JSON.stringify(JSON.parse(text), null, '\t')],
  ['escapes for letters', (text) => text.replaceAll('Key', '\\u004bey').replace('test:', '\\u0074est:')],
  ['its members in reverse order', (text) => JSON.stringify(reversed(JSON.parse(text)))],
  ['no mode', (text) => text.replace('"EncryptionMode":"FullBlob",', '')],
  ['the mode at its end', (text) => text.replace(/^{("EncryptionMode":"FullBlob"),(.*)}$/, '{$2,$1}')],
  ['unknown members', (text) => text.replace('{', '{"Unknown":{"a":[null]},')],
  [
    'other key wrapping metadata',
    (text) => text.replace(/"EncryptionLibrary":"[^"]*"/, '"EncryptionLibrary":7,"More":{}'),
  ],
];

describe.each(VERSIONS)('encryption data of protocol %s', (version) => {
  const parameters =
    version === '1.0'
      ? '"ContentEncryptionIV":"[A-Za-z0-9+/]{22}=="'
      : '"EncryptedRegionInfo":{"DataLength":4194304,"NonceLength":12}';
  const algorithm = version === '1.0' ? 'AES_CBC_256' : 'AES_GCM_256';

  it.each([
    ['blob', '"EncryptionMode":"FullBlob",'],
    ['message', ''],
    ['entity', ''],
  ] as const)('is written for a %s in one order, compact, with no other member', async (place, mode) => {
    const { encryptionData } = await written(version);

    expect(formatEncryptionData(encryptionData, place satisfies EncryptionDataPlace)).toMatch(
      new RegExp(
        `^{${mode}"WrappedContentKey":{"KeyId":"test:key","EncryptedKey":"[A-Za-z0-9+/]+={0,2}","Algorithm":"A256KW"},` +
          `"EncryptionAgent":{"Protocol":"${version}","EncryptionAlgorithm":"${algorithm}"},${parameters},` +
          `"KeyWrappingMetadata":{"EncryptionLibrary":"TypeScript [^"]+"}}$`,
      ),
    );
  });

  it.each<readonly [string, (text: string) => string]>([
    ...spellings,
    ['names in lower case', (text) => text.replace(/"\w+":/g, (name) => name.toLowerCase())],
    ['names in capitals', (text) => text.replace(/"\w+":/g, (name) => name.toUpperCase())],
    ['no key wrapping metadata', (text) => text.replace(/,"KeyWrappingMetadata":{[^}]*}/, '')],
    [
      'null as key wrapping metadata',
      (text) => text.replace(/"KeyWrappingMetadata":{[^}]*}/, '"KeyWrappingMetadata":null'),
    ],
    [
      'empty key wrapping metadata',
      (text) => text.replace(/"KeyWrappingMetadata":{[^}]*}/, '"KeyWrappingMetadata":{}'),
    ],
  ])('is read with %s', async (_what, change) => {
    await expectRead(await written(version), change);
  });

  it.each(spellings)('passes the check of its integrity entries with %s', async (_what, change) => {
    await expectRead(await written(version, 'require'), change);
  });
});

it.each(['encryptiondata', 'EncryptionData', 'ENCRYPTIONDATA'])(
  'the entry of a blob is found under the name %s',
  (name) => {
    expect(encryptionDataOf({ other: 'x', [name]: '{}' })).toBe('{}');
  },
);

it.each([
  ['2.0', 2 ** 22],
  ['2.1', 2 ** 30],
] as const)('regions of protocol %s may have any length from 1 to %d bytes', (version, most) => {
  const lengthOf = (DataLength: number): number =>
    protocolFor(version).storedLayout(fieldReader({ EncryptedRegionInfo: { DataLength, NonceLength: 12 } }), 'stream')
      .unitLength;

  expect([1, 2, most].map(lengthOf)).toEqual([1, 2, most]);
  for (const length of [0, -1, 1.5, most + 1, 2 ** 53])
    expect(() => lengthOf(length)).toThrow(expect.objectContaining({ code: 'INVALID_ENCRYPTION_METADATA' }) as Error);
});

it.each([
  ['1.0', 32, ''],
  ['2.0', 40, '2.0'],
  ['2.1', 40, '2.1'],
] as const)('a packed key of protocol %s has %d bytes and its complete label', (version, length, label) => {
  const packed = Buffer.alloc(length, 7).fill(0, 0, label === '' ? 0 : 8);
  packed.write(label);
  const unpack = (bytes: Uint8Array): Buffer => protocolFor(version).unpackKey(bytes);

  expect(unpack(packed).equals(Buffer.alloc(32, 7))).toBe(true);
  const others = [packed.subarray(1), Buffer.concat([packed, Buffer.alloc(8)]), Buffer.alloc(0)];
  const padded = Buffer.from(packed);
  padded.write(' ', 7);
  for (const other of label === '' ? others : [...others, padded])
    expect(() => unpack(other)).toThrow(expect.objectContaining({ code: 'DECRYPTION_FAILED' }) as Error);
});

it.each([
  ['null', ',"EncryptionData":null'],
  ['missing', ''],
])('a message whose encryption data is %s contains base64 of its plaintext content', (_what, data) => {
  const contents = Buffer.from('naïve ✓').toString('base64');

  expect(parseMessage(`{"EncryptedMessageContents":"${contents}"${data}}`)).toEqual({
    kind: 'plain',
    content: Buffer.from('naïve ✓'),
  });
});

const reversed = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, inner]) => [name, reversed(inner)]),
      )
    : value;
