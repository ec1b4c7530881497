/**
 * Seals and opens a row of the bench with hand-written code: what the format requires and nothing else, for ten strings
 * under one AES key, with and without integrity entries. No policy, other keys, types, conditions, projection, errors
 * with a reason, or spans. A package that does more takes longer, so no bar for a row can be lower.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { derivedMac, flaggedKey, LABELS, mac, prefixed, randomPiece, unwrapped, wrapped } from './envelope-by-hand.js';

export type StoredRow = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

const DATA = '_ClientEncryptionMetadata1';
const LIST = '_ClientEncryptionMetadata2';
const BLOCK = 16;
const HEADER_START = Buffer.from('azcse/header/v1\0\x04', 'latin1');
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Holds the inputs for MACs and hashes, none of which is secret. */
const scratch = Buffer.alloc(4096);

/** The tags of the properties, one after another. */
function tagsOf(contentKey: KeyObject, names: readonly string[], sealedOf: (index: number) => Uint8Array): Buffer {
  const key = mac(contentKey, LABELS.property);
  const tags = Buffer.allocUnsafe(names.length * BLOCK);
  for (const [index, name] of names.entries()) {
    let at = prefixed(scratch, name, 0);
    scratch[at++] = 1;
    scratch[at++] = 0;
    const input = scratch.subarray(0, prefixed(scratch, sealedOf(index), at));
    tags.write(createHmac('sha256', key).update(input).digest('binary'), index * BLOCK, BLOCK, 'binary');
  }
  key.fill(0);
  return tags;
}

interface Header {
  readonly iv: Uint8Array;
  readonly bind: string;
  readonly list: Uint8Array;
}

function headerMac(contentKey: KeyObject, { partitionKey, rowKey }: StoredRow, { iv, bind, list }: Header): Buffer {
  scratch.set(HEADER_START);
  let at = HEADER_START.length;
  for (const part of ['1.0', 'AES_CBC_256', iv, bind, '', partitionKey, rowKey]) at = prefixed(scratch, part, at);
  scratch[at++] = 0;
  at = prefixed(scratch, list, prefixed(scratch, '', at));
  return derivedMac(contentKey, LABELS.header, scratch.subarray(0, at));
}

/** Derives the IV for each name. What precedes the name is the same for all. */
function ivSource(iv: Uint8Array, { partitionKey, rowKey }: StoredRow): (name: string) => string {
  const input = Buffer.alloc(BLOCK + 3 * (partitionKey.length + rowKey.length + 100));
  input.set(iv);
  let at = BLOCK + input.write(rowKey, BLOCK);
  at += input.write(partitionKey, at);
  return (name) => hash('sha256', input.subarray(0, at + input.write(name, at)), 'binary');
}

export interface RowByHand {
  readonly seal: (entity: StoredRow) => StoredRow;
  readonly open: (row: StoredRow) => object;
}

export interface HandOptions {
  readonly kek: KeyObject;
  readonly keyId: string;
  /** The names of the properties to seal. */
  readonly names: readonly string[];
  readonly integrity: 'verify' | 'off';
}

export function rowByHand(options: HandOptions): RowByHand {
  return { seal: (entity) => sealed(options, entity), open: (row) => opened(options, row) };
}

function sealed({ kek, keyId, names, integrity }: HandOptions, entity: StoredRow): StoredRow {
  const bytes = integrity === 'off' ? randomPiece(32) : flaggedKey();
  const iv = randomPiece(BLOCK);
  const contentKey = createSecretKey(bytes);
  const encryptedKey = wrapped(kek, bytes).toString('base64');
  bytes.fill(0);
  const all = [...names, LIST];
  const texts = all.map((name) => (name === LIST ? JSON.stringify(names) : String(entity[name])));
  const blocks = sealedBlocks(contentKey, texts, all.map(ivSource(iv, entity)));
  const entries = integrity === 'off' ? '' : entriesOf({ contentKey, entity, names, iv, blocks });
  const row: Record<string, unknown> & StoredRow = { ...entity };
  for (const [index, name] of all.entries()) row[name] = blocks[index];
  row[DATA] =
    `{"WrappedContentKey":{"KeyId":${JSON.stringify(keyId)},"EncryptedKey":"${encryptedKey}","Algorithm":"A256KW"},` +
    `"EncryptionAgent":{"Protocol":"1.0","EncryptionAlgorithm":"AES_CBC_256"},"ContentEncryptionIV":"${iv.toString('base64')}",` +
    `"KeyWrappingMetadata":{"EncryptionLibrary":"bench"${entries}}}`;
  return row;
}

interface SealedByHand {
  readonly contentKey: KeyObject;
  readonly entity: StoredRow;
  readonly names: readonly string[];
  readonly iv: Uint8Array;
  /** The blocks of the properties, then of the list of their names. */
  readonly blocks: readonly Buffer[];
}

/** The integrity entries as members of JSON. */
function entriesOf({ contentKey, entity, names, iv, blocks }: SealedByHand): string {
  const tags = tagsOf(contentKey, names, (index) => blocks[index]!);
  const bind = `1;p=${tags.toString('base64')}`;
  const entry = headerMac(contentKey, entity, { iv, bind, list: blocks[names.length]! }).toString('base64');
  return `,"AzCseBind":"${bind}","AzCseMac":"${entry}"`;
}

/** In rounds: the first blocks of all texts, then the second ones. */
function sealedBlocks(key: KeyObject, texts: readonly string[], ivs: readonly string[]): Buffer[] {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const round = Buffer.alloc(texts.length * BLOCK);
  const all = texts.map((text) => {
    const length = Buffer.byteLength(text);
    const padding = BLOCK - (length % BLOCK);
    const blocks = Buffer.alloc(length + padding, padding);
    blocks.write(text);
    return blocks;
  });
  let open = all.map((blocks, index) => ({ blocks, iv: ivs[index]! }));
  for (let at = 0; open.length > 0; at += BLOCK) {
    let to = 0;
    for (const { blocks, iv } of open) {
      for (let i = 0; i < BLOCK; i++)
        round[to++] = blocks[at + i]! ^ (at === 0 ? iv.charCodeAt(i) : blocks[at + i - BLOCK]!);
    }
    round.set(cipher.update(round.subarray(0, to)));
    let from = 0;
    for (const { blocks } of open) for (let i = 0; i < BLOCK; i++) blocks[at + i] = round[from++]!;
    open = open.filter(({ blocks }) => at + BLOCK < blocks.length);
  }
  return all;
}

interface StoredData {
  readonly WrappedContentKey: { readonly EncryptedKey: string };
  readonly ContentEncryptionIV: string;
  readonly KeyWrappingMetadata: { readonly AzCseBind: string; readonly AzCseMac: string };
}

function opened({ kek, integrity }: HandOptions, row: StoredRow): object {
  const data = JSON.parse(row[DATA] as string) as StoredData;
  const bytes = unwrapped(kek, Buffer.from(data.WrappedContentKey.EncryptedKey, 'base64'));
  const contentKey = createSecretKey(bytes);
  bytes.fill(0);
  const { AzCseBind: bind, AzCseMac: entry } = data.KeyWrappingMetadata;
  const iv = Buffer.from(data.ContentEncryptionIV, 'base64');
  const list = row[LIST] as Uint8Array;
  if (integrity === 'verify') assertSame(headerMac(contentKey, row, { iv, bind, list }), Buffer.from(entry, 'base64'));
  const decipher = createDecipheriv('aes-256-ecb', contentKey, null).setAutoPadding(false);
  const textsOf = (columns: readonly string[]): string[] =>
    openedTexts(
      (blocks) => decipher.update(blocks),
      columns.map((name) => row[name] as Uint8Array),
      columns.map(ivSource(iv, row)),
    );
  const names = JSON.parse(textsOf([LIST])[0]!) as string[];
  if (integrity === 'verify') {
    const tags = tagsOf(contentKey, names, (index) => row[names[index]!] as Uint8Array);
    assertSame(tags, Buffer.from(bind.slice('1;p='.length), 'base64'));
  }
  const texts = textsOf(names);
  const values = new Map(names.map((name, index) => [name, texts[index]]));
  const columns = Object.keys(row).filter((name) => name !== DATA && name !== LIST);
  return Object.fromEntries(columns.map((name) => [name, values.get(name) ?? row[name]]));
}

function assertSame(found: Uint8Array, expected: Uint8Array): void {
  if (!timingSafeEqual(found, expected)) throw new Error('the row was changed');
}

function openedTexts(
  decrypt: (blocks: Buffer) => Buffer,
  sealedValues: readonly Uint8Array[],
  ivs: readonly string[],
): string[] {
  const blocks = Buffer.concat(sealedValues);
  const plain = decrypt(blocks);
  let from = 0;
  return sealedValues.map(({ length }, index) => {
    const to = from + length;
    const iv = ivs[index]!;
    for (let i = 0; i < BLOCK; i++) plain[from + i]! ^= iv.charCodeAt(i);
    for (let at = from + BLOCK; at < to; at++) plain[at]! ^= blocks[at - BLOCK]!;
    const text = STRICT.decode(plain.subarray(from, to - plain[to - 1]!));
    from = to;
    return text;
  });
}
