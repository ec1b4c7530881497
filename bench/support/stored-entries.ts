/** Integrity entries of blobs that the server holds without their bytes; docs/formats.md has what they are made of. */
import { createHmac, randomBytes } from 'node:crypto';
import type { StoredData } from './stored-content.js';

const FLAG_LENGTH = 8;
const RANDOM_LENGTH = 24;
const BLOCK_BLOB = 1;

interface StoredBlob {
  readonly plaintextLength: number;
  readonly stored: { readonly length: number; readonly slices: () => Iterable<Buffer> };
}

/** A content key that says that its content has entries. */
export function flaggedKey(): Buffer {
  const random = randomBytes(RANDOM_LENGTH);
  return Buffer.concat([random, derived(random, 'azcse/flag/v1').subarray(0, FLAG_LENGTH)]);
}

export function integrityEntries(
  key: Buffer,
  data: StoredData,
  { plaintextLength, stored }: StoredBlob,
): Readonly<Record<string, string>> {
  const isChained = data.ContentEncryptionIV !== undefined;
  const bind = `1;c=${stored.length}${isChained ? `;n=${plaintextLength}` : ''}`;
  const tag = isChained ? tagOf(key, stored.slices()) : Buffer.alloc(0);
  const mac = createHmac('sha256', derived(key, 'azcse/header/v1'))
    .update(headerOf(data, bind, tag))
    .digest('base64');
  return { AzCseBind: bind, ...(isChained ? { AzCseTag: tag.toString('base64') } : {}), AzCseMac: mac };
}

function tagOf(key: Buffer, slices: Iterable<Buffer>): Buffer {
  const mac = createHmac('sha256', derived(key, 'azcse/content/v1'));
  for (const slice of slices) mac.update(slice);
  return mac.digest();
}

function headerOf({ EncryptionAgent: agent, ...data }: StoredData, bind: string, tag: Buffer): Buffer {
  const regions = Buffer.alloc(5);
  regions.writeUInt32BE(data.EncryptedRegionInfo?.DataLength ?? 0);
  regions.writeUInt8(data.EncryptedRegionInfo?.NonceLength ?? 0, 4);
  const iv = data.ContentEncryptionIV;
  return Buffer.concat([
    Buffer.from('azcse/header/v1\0', 'latin1'),
    Buffer.of(BLOCK_BLOB),
    prefixed(Buffer.from(agent.Protocol)),
    prefixed(Buffer.from(agent.EncryptionAlgorithm)),
    iv === undefined ? regions : prefixed(Buffer.from(iv, 'base64')),
    prefixed(Buffer.from(bind)),
    prefixed(tag),
  ]);
}

const derived = (key: Buffer, label: string): Buffer =>
  createHmac('sha256', key).update(label).update(Buffer.of(1)).digest();

function prefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
