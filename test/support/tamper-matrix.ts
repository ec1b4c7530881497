/** The tamper matrix: changes to stored blobs and messages, and what the formats detect without integrity entries. */
import { runAll } from '../../src/crypto/byte-transform.js';
import { createEnvelope, openEnvelope } from '../../src/envelope/envelope.js';
import { type AnyEncryptedStorageError, isEncryptedStorageError } from '../../src/errors/any-error.js';
import type { ContentForm } from '../../src/protocol/protocol.js';
import { openMessage } from '../../src/queue/message-envelope.js';
import { formatEncryptionData, parseEncryptionData } from '../../src/wire/encryption-data.js';
import { content, policyOf } from './blobs.js';

export const REGION = 64;
const FRAME = REGION + 28;
const SIZE = 200;
/** Three times 64 bytes: pages have no padding. */
const PAGES_SIZE = 192;

export interface Stored {
  /** The encryption data. */
  readonly text: string;
  readonly sealed: Buffer;
}

export interface Kind {
  readonly policy: ReturnType<typeof policyOf>;
  readonly form: ContentForm;
  readonly plaintext: Buffer;
  readonly read: (stored: Stored) => AsyncGenerator<Buffer>;
}

const blob = { kind: 'blob', account: 'a', container: 'c', blob: 'b' } as const;
const queue = { kind: 'queue', account: 'a', queue: 'q' } as const;

const blobKind = (policy: Kind['policy'], form: 'stream' | 'pages' = 'stream'): Kind => ({
  policy,
  form,
  plaintext: content(form === 'pages' ? PAGES_SIZE : SIZE),
  read: (stored) => readBlob({ policy, form }, stored),
});
const messageKind = (policy: Kind['policy']): Kind => ({
  policy,
  form: 'message',
  plaintext: content(SIZE),
  read: (stored) => readMessage(policy, stored),
});

const readProtocols = ['1.0', '2.0', '2.1'] as const;
export const kindsWith = (integrity: 'off' | 'verify' | 'require', more: Partial<Kind['policy']> = {}) => ({
  'blob 1.0': blobKind(policyOf('1.0', { integrity, readProtocols, ...more })),
  'blob 2.1': blobKind(policyOf('2.1', { integrity, readProtocols, regionLength: REGION, ...more })),
  'message 1.0': messageKind(policyOf('1.0', { integrity, readProtocols, ...more })),
  'message 2.0': messageKind(policyOf('2.0', { integrity, readProtocols, ...more })),
  'pages 1.0': blobKind(policyOf('1.0', { integrity, readProtocols, ...more }), 'pages'),
});
export const kinds = kindsWith('off');
export type KindName = keyof typeof kinds;

/** Bytes per chunk, far fewer than in a region. */
const PIECE = 8;

/** Reads in small pieces, so that anything released too early is noticed. */
async function* readBlob(
  { policy, form }: Pick<Kind, 'policy' | 'form'>,
  { text, sealed }: Stored,
): AsyncGenerator<Buffer> {
  const opener = await openEnvelope(policy, parseEncryptionData(text), {
    ...{ target: blob, form },
    storedLength: sealed.length,
  });
  const transform = opener.open(opener.layout.window({ offset: 0 }, sealed.length));
  for (let at = 0; at < sealed.length; at += PIECE) yield* transform.push(sealed.subarray(at, at + PIECE));
  yield* transform.finish();
}

async function* readMessage(policy: Kind['policy'], { text, sealed }: Stored): AsyncGenerator<Buffer> {
  const stored = `{"EncryptedMessageContents":"${sealed.toString('base64')}","EncryptionData":${text}}`;
  yield await openMessage(stored, { policy, target: queue, form: 'message', encoding: 'text' });
}

export async function written({ policy, form, plaintext }: Kind): Promise<Stored> {
  const place = form === 'message' ? 'message' : 'blob';
  const { sealer, sealedData } = await createEnvelope(policy, { target: place === 'blob' ? blob : queue, form });
  const sealed = runAll(sealer.seal(), plaintext);
  return { sealed, text: formatEncryptionData(sealedData(), place) };
}

export async function outcomeOf(
  kind: Kind,
  stored: Stored,
): Promise<{ readonly code: string; readonly released: Buffer }> {
  const released: Buffer[] = [];
  try {
    for await (const piece of kind.read(stored)) released.push(piece);
    return { code: 'none', released: Buffer.concat(released) };
  } catch (error) {
    return { code: isEncryptedStorageError(error) ? error.code : String(error), released: Buffer.concat(released) };
  }
}

export type Code = AnyEncryptedStorageError['code'];
/**
 * - a code: rejected, nothing released
 * - a code and a length: rejected after that number of bytes; verified ones in 2.x, unverifiable ones in 1.0
 * - `same`: opens to what was written
 * - `unseen`: opens to something else, which the format cannot detect
 * - `noise`: opens to noise in 1.0, unless its padding is wrong, as it usually is
 * - `-`: not applicable
 */
export type Cell = Code | readonly [Code, number] | 'same' | 'unseen' | 'noise' | '-';
export type Change = (stored: Stored, other: Stored) => Stored;
/** Cells for the kinds in their order; `pages` is the cell of pages if padding makes that of a 1.0 blob differ. */
type Row = readonly [what: string, change: Change, cells: readonly [Cell, Cell, Cell, Cell], pages?: Cell];

export const text =
  (from: string | RegExp, to: string | ((...found: string[]) => string)): Change =>
  (stored) => ({ ...stored, text: stored.text.replace(from, to as string) });
const member = (name: string, json: string): Change =>
  text(new RegExp(`"${name}":("[^"]*"|[\\d.]+)`), `"${name}":${json}`);
const bytes =
  (change: (sealed: Buffer, other: Buffer) => Buffer): Change =>
  (stored, other) => ({ ...stored, sealed: change(stored.sealed, other.sealed) });
/** `at` counts from the end if negative. */
const flip = (at: number): Change =>
  bytes((sealed) => {
    const changed = Buffer.from(sealed);
    const place = at < 0 ? sealed.length + at : at;
    changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
    return changed;
  });
const regions = (...order: number[]): Change =>
  bytes((sealed) => Buffer.concat(order.map((index) => sealed.subarray(index * FRAME, (index + 1) * FRAME))));

const BAD: Code = 'INVALID_ENCRYPTION_METADATA';
export const FAILED: Code = 'DECRYPTION_FAILED';
export const ORDER: Code = 'REGION_OUT_OF_ORDER';
const UNKNOWN: Code = 'UNSUPPORTED_PROTOCOL';
const UNWRAP: Code = 'KEY_UNWRAP_FAILED';
const ALGORITHM: Code = 'KEY_ALGORITHM_NOT_ALLOWED';
const NO_KEY: Code = 'KEY_NOT_FOUND';
const all = (cell: Cell) => [cell, cell, cell, cell] as const;
const gcm = (cell: Cell) => ['-', cell, '-', cell] as const;
const cbc = (cell: Cell) => [cell, '-', cell, '-'] as const;
const regionRow = (cell: Cell) => ['-', cell, '-', '-'] as const;

const asProtocol = (version: string, algorithm: string): Change =>
  text(
    /"Protocol":"[^"]+","EncryptionAlgorithm":"[^"]+"/,
    `"Protocol":"${version}","EncryptionAlgorithm":"${algorithm}"`,
  );
const asOneWithIv: Change = (stored, other) =>
  text(/"EncryptedRegionInfo":\{[^}]*\}/, '"ContentEncryptionIV":"AAAAAAAAAAAAAAAAAAAAAA=="')(
    asProtocol('1.0', 'AES_CBC_256')(stored, other),
    other,
  );
const asTwoWithRegions: Change = (stored, other) =>
  text(/"ContentEncryptionIV":"[^"]*"/, '"EncryptedRegionInfo":{"DataLength":64,"NonceLength":12}')(
    asProtocol('2.0', 'AES_GCM_256')(stored, other),
    other,
  );

const rows: readonly Row[] = [
  // every field of the encryption data
  ['another key id', member('KeyId', '"other"'), all(NO_KEY)],
  ['a key id that is not text', member('KeyId', '7'), all(BAD)],
  ['a flipped wrapped key', text(/("EncryptedKey":")..../, '$1AAAA'), all(UNWRAP)],
  ['an empty wrapped key', member('EncryptedKey', '""'), all(UNWRAP)],
  ['a truncated wrapped key', text(/("EncryptedKey":"[^"]{32})[^"]*/, '$1'), all(UNWRAP)],
  ['a wrapped key that is not base64', text('"EncryptedKey":"', '"EncryptedKey":"*'), all(BAD)],
  [
    'the wrapped key of other content',
    (stored, other) =>
      text(/"EncryptedKey":"[^"]*"/, /"EncryptedKey":"[^"]*"/.exec(other.text)?.[0] ?? '')(stored, other),
    ['noise', FAILED, 'noise', FAILED],
  ],
  ['another wrap algorithm', member('Algorithm', '"A128KW"'), all(ALGORITHM)],
  ['RSA1_5', member('Algorithm', '"RSA1_5"'), all(ALGORITHM)],
  ['an unknown protocol', member('Protocol', '"3.0"'), all(UNKNOWN)],
  ['a protocol that is a number', member('Protocol', '2'), all(BAD)],
  ['an unknown algorithm', member('EncryptionAlgorithm', '"AES_GCM_128"'), all(UNKNOWN)],
  ['the algorithm of the other family', (stored, other) => otherAlgorithm(stored)(stored, other), all(UNKNOWN)],
  ['another library', member('EncryptionLibrary', '"Java 8.6.6"'), all('same')],
  ['another IV', member('ContentEncryptionIV', `"${Buffer.alloc(16).toString('base64')}"`), cbc('unseen')],
  ['an IV of 15 bytes', member('ContentEncryptionIV', `"${Buffer.alloc(15).toString('base64')}"`), cbc(BAD)],
  ['no IV', text(/"ContentEncryptionIV":"[^"]*",/, ''), cbc(BAD)],
  ...['0', '-1', '2147483648', '1e400', '1.5', '"64"', 'null', '{}'].map((length): Row => [
    `DataLength ${length}`,
    text(/"DataLength":\d+/, `"DataLength":${length}`),
    gcm(BAD),
  ]),
  ['DataLength one more', text(/"DataLength":\d+/, '"DataLength":65'), ['-', FAILED, '-', FAILED]],
  ['NonceLength 16', text('"NonceLength":12', '"NonceLength":16'), gcm(BAD)],
  ['no region info', text(/"EncryptedRegionInfo":\{[^}]*\},/, ''), gcm(BAD)],

  // labels
  ['the label of 2.0 on 1.0', asProtocol('2.0', 'AES_GCM_256'), cbc(BAD)],
  ['the label and regions of 2.0 on 1.0', asTwoWithRegions, [FAILED, '-', FAILED, '-']],
  ['the label of 1.0 on 2.x', asProtocol('1.0', 'AES_CBC_256'), gcm(BAD)],
  ['the label and an IV of 1.0 on 2.x', asOneWithIv, gcm(FAILED)],
  ['the label of the other 2.x', (stored, other) => otherMinor(stored)(stored, other), gcm(FAILED)],

  // the text of it
  [
    'a truncated text',
    (stored) => ({ ...stored, text: stored.text.slice(0, -5) }),
    [BAD, BAD, 'PLAINTEXT_NOT_ALLOWED', 'PLAINTEXT_NOT_ALLOWED'],
  ],
  ['a list', (stored) => ({ ...stored, text: '[]' }), all(BAD)],
  ['an empty object', (stored) => ({ ...stored, text: '{}' }), all(BAD)],
  ['__proto__ for the agent', text('"EncryptionAgent"', '"__proto__"'), all(BAD)],
  [
    '__proto__ next to the agent',
    text('"EncryptionAgent"', '"__proto__":{"keyId":"x"},"EncryptionAgent"'),
    all('same'),
  ],
  [
    'a second wrapped key, of another key',
    text(/\}$/, ',"WrappedContentKey":{"KeyId":"other","EncryptedKey":"AAAA","Algorithm":"A256KW"}}'),
    all(NO_KEY),
  ],
  [
    'a second agent, unknown',
    text(/\}$/, ',"EncryptionAgent":{"Protocol":"9.9","EncryptionAlgorithm":"X"}}'),
    all(UNKNOWN),
  ],
  [
    'names in escapes',
    text(/"(AzCse\w+|KeyWrappingMetadata)"/g, (_all, name = '') => `"${escaped(name)}"`),
    all('same'),
  ],
  [
    'an IV and entries in lower case next to its own',
    text(/\}$/, `,"contentencryptioniv":"${'A'.repeat(22)}==","keywrappingmetadata":{"EncryptionLibrary":"x"}}`),
    all('same'),
  ],
  ['9 KiB of an unknown member', text(/\}$/, `,"Unknown":"${'x'.repeat(9 * 1024)}"}`), all('same')],
  ['9 KiB of key id', member('KeyId', `"${'x'.repeat(9 * 1024)}"`), all(NO_KEY)],

  // the ciphertext
  ['one byte', bytes((sealed) => sealed.subarray(0, 1)), all(FAILED)],
  ['a flipped first byte', flip(0), ['unseen', ORDER, 'unseen', FAILED]],
  ['a flipped byte of data', flip(40), ['unseen', FAILED, 'unseen', FAILED]],
  ['a flipped last byte', flip(-1), ['noise', [FAILED, 3 * REGION], 'noise', FAILED]],
  ['a flipped padding', flip(-17), [[FAILED, 192], [FAILED, 3 * REGION], FAILED, FAILED], 'unseen'],
  ['a byte cut off', bytes((sealed) => sealed.subarray(0, -1)), [FAILED, [FAILED, 3 * REGION], FAILED, FAILED]],
  [
    'a block cut off',
    bytes((sealed) => sealed.subarray(0, -16)),
    // too short for a region: rejected before anything is opened
    [[FAILED, 176], FAILED, FAILED, FAILED],
    'unseen',
  ],
  [
    'an additional byte',
    bytes((sealed) => Buffer.concat([sealed, Buffer.alloc(1)])),
    [FAILED, [FAILED, 3 * REGION], FAILED, FAILED],
  ],
  ['the ciphertext of other content', bytes((_sealed, other) => other), ['noise', FAILED, 'noise', FAILED]],
  ['a flipped tag', flip(FRAME - 1), regionRow(FAILED)],
  ['a flipped second region', flip(FRAME + 20), regionRow([FAILED, REGION])],
  ['regions swapped', regions(1, 0, 2, 3), regionRow(ORDER)],
  ['a region doubled', regions(0, 0, 1, 2, 3), regionRow([ORDER, REGION])],
  ['the first region missing', regions(1, 2, 3), regionRow(ORDER)],
  ['a middle region missing', regions(0, 2, 3), regionRow([ORDER, REGION])],
  ['all but the last region missing', regions(3), regionRow(ORDER)],
  [
    'a region of other content',
    bytes((sealed, other) =>
      Buffer.concat([sealed.subarray(0, FRAME), other.subarray(FRAME, 2 * FRAME), sealed.subarray(2 * FRAME)]),
    ),
    regionRow([FAILED, REGION]),
  ],
  ['the last region missing: the format cannot detect it', regions(0, 1, 2), regionRow('unseen')],
  ['everything missing: the format cannot detect it', regions(), [FAILED, 'unseen', FAILED, 'unseen'], 'unseen'],
];

export const MISSING: Code = 'INTEGRITY_MISSING';
const entry = (name: string) => new RegExp(`,"${name}":"[^"]*"`);
/** Removes some of the entries. */
export const without =
  (...entries: string[]): Change =>
  (stored) => ({ ...stored, text: entries.reduce((left, name) => left.replace(entry(name), ''), stored.text) });
/** Replaces entries with those of other content. */
export const taken =
  (...entries: string[]): Change =>
  (stored, other) => ({
    ...stored,
    text: entries.reduce(
      (left, name) => left.replace(entry(name), entry(name).exec(other.text)?.[0] ?? ''),
      stored.text,
    ),
  });
export const flipped = (letter: string): string => (letter === 'A' ? 'B' : 'A');
export const ENTRIES = ['AzCseBind', 'AzCseTag', 'AzCseMac'];
/** Adds a tag to content without one. */
export const withTag: Change = text('"AzCseMac":', `"AzCseTag":"${Buffer.alloc(32).toString('base64')}","AzCseMac":`);

/** Faults that the entries alone reveal: rejected before anything is released, under both "verify" and "require". */
export const entryRows: readonly (readonly [what: string, change: Change, code: Code])[] = [
  ['its entries stripped', without(...ENTRIES), MISSING],
  ['no AzCseMac', without('AzCseMac'), FAILED],
  ['no AzCseBind', without('AzCseBind'), FAILED],
  ['AzCseBind alone', without('AzCseMac', 'AzCseTag'), FAILED],
  ['the entries of other content of the key', taken(...ENTRIES), FAILED],
  ['the MAC of other content of the key', taken('AzCseMac'), FAILED],
  ['a flipped AzCseMac', text(/("AzCseMac":")(.)/, (_all, head = '', first = '') => head + flipped(first)), FAILED],
  ['a MAC without its padding', text(/("AzCseMac":"[^"]*)="/, '$1"'), FAILED],
  ['its entries in lower case', text(/"AzCse(?:Bind|Tag|Mac)"/g, (name) => name.toLowerCase()), MISSING],
  ['its entries in another member', text('"KeyWrappingMetadata"', '"__proto__"'), MISSING],
  [
    'a second KeyWrappingMetadata, without entries',
    text(/\}$/, ',"KeyWrappingMetadata":{"EncryptionLibrary":"x"}}'),
    MISSING,
  ],
  ['AzCseBind that is not text', text(/"AzCseBind":"[^"]*"/, '"AzCseBind":["1;c=1"]'), FAILED],
  ['a MAC with a space', text('"AzCseMac":"', '"AzCseMac":" '), FAILED],
  ['a MAC that is not text', text(/"AzCseMac":"[^"]*"/, '"AzCseMac":7'), FAILED],
  ['another version of AzCseBind', text('"AzCseBind":"1;', '"AzCseBind":"2;'), FAILED],
  ['more in AzCseBind', text(/("AzCseBind":"[^"]*)/, '$1;y=1'), FAILED],
  ['an unexpected context', text(/("AzCseBind":"[^"]*)/, '$1;x=AAAAAAAAAAAAAAAAAAAAAA=='), FAILED],
];

const isCbc = ({ text: stored }: Stored): boolean => stored.includes('AES_CBC_256');
const otherAlgorithm = (stored: Stored): Change =>
  member('EncryptionAlgorithm', isCbc(stored) ? '"AES_GCM_256"' : '"AES_CBC_256"');
const otherMinor = (stored: Stored): Change =>
  member('Protocol', stored.text.includes('"Protocol":"2.0"') ? '"2.1"' : '"2.0"');

function escaped(name: string): string {
  return [...name].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

export const names = Object.keys(kinds) as KindName[];

/** The changes that apply to content of this kind, with their outcomes. */
export const rowsOf = (
  name: KindName,
): readonly (readonly [what: string, change: Change, cell: Exclude<Cell, '-'>])[] =>
  rows.flatMap(([what, change, cells, pages]) => {
    const cell = name === 'pages 1.0' ? (pages ?? cells[0]) : cells[names.indexOf(name)];
    return cell === undefined || cell === '-' ? [] : [[what, change, cell] as const];
  });

export type Outcome = Awaited<ReturnType<typeof outcomeOf>>;
