/** Integrity entries of blobs that the server serves without storing their bytes. docs/formats.md describes them. */
import { createHmac } from 'node:crypto';
import { LABELS, mac } from './envelope-by-hand.js';
import type { StoredData } from './stored-content.js';

const BLOCK_BLOB = 1;

interface StoredBlob {
  readonly plaintextLength: number;
  readonly stored: { readonly length: number; readonly slices: () => Iterable<Buffer> };
}

export function integrityEntries(
  key: Buffer,
  data: StoredData,
  { plaintextLength, stored }: StoredBlob,
): Readonly<Record<string, string>> {
  const isChained = data.ContentEncryptionIV !== undefined;
  const bind = `1;c=${stored.length}${isChained ? `;n=${plaintextLength}` : ''}`;
  const tag = isChained ? tagOf(key, stored.slices()) : Buffer.alloc(0);
  const header = mac(mac(key, LABELS.header), headerOf(data, bind, tag)).toString('base64');
  return { AzCseBind: bind, ...(isChained ? { AzCseTag: tag.toString('base64') } : {}), AzCseMac: header };
}

function tagOf(key: Buffer, slices: Iterable<Buffer>): Buffer {
  const running = createHmac('sha256', mac(key, LABELS.content));
  for (const slice of slices) running.update(slice);
  return running.digest();
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

function prefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
