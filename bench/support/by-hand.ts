/**
 * A blob of 1 KiB put and read by hand: the SDK, what the format of 2.0 demands of `node:crypto`, and the metadata. No package can add
 * less. It checks nothing, and opens only what it wrote.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { ContainerClient } from '@azure/storage-blob';

const KEY_LENGTH = 32;
const FLAG_AT = 24;
const PACKED_LENGTH = 40;
const TAG_LENGTH = 16;
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);
const NONCE = Buffer.from('000000000100000000000000', 'hex');
const GCM = { authTagLength: TAG_LENGTH } as const;
/** As long as what the MAC of a header covers. */
const HEADER = Buffer.alloc(60);
const label = 'azcse/header/v1\x01';

/** That of `benchKey`. */
const kek = createSecretKey(Buffer.alloc(KEY_LENGTH, 'bench'));

const mac = (key: KeyObject | Uint8Array, input: Uint8Array | string): Buffer =>
  createHmac('sha256', key).update(input).digest();

interface Described {
  readonly WrappedContentKey: { readonly EncryptedKey: string };
}

export async function putByHand(container: ContainerClient, name: string, content: Buffer): Promise<void> {
  const packed = Buffer.alloc(PACKED_LENGTH);
  packed.write('2.0');
  const bytes = packed.subarray(-KEY_LENGTH);
  bytes.set(randomBytes(KEY_LENGTH));
  mac(bytes.subarray(0, FLAG_AT), label).copy(bytes, FLAG_AT);
  const key = createSecretKey(bytes);
  const wrap = createCipheriv('id-aes256-wrap', kek, INITIAL_VALUE);
  const wrapped = wrap.update(packed);
  wrap.final();
  const cipher = createCipheriv('aes-256-gcm', key, NONCE, GCM);
  const sealed = Buffer.concat([NONCE, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  const encryptiondata = JSON.stringify({
    EncryptionMode: 'FullBlob',
    WrappedContentKey: { KeyId: 'bench:2026', EncryptedKey: wrapped.toString('base64'), Algorithm: 'A256KW' },
    EncryptionAgent: { Protocol: '2.0', EncryptionAlgorithm: 'AES_GCM_256' },
    EncryptedRegionInfo: { DataLength: 4 * 1024 * 1024, NonceLength: NONCE.length },
    KeyWrappingMetadata: {
      EncryptionLibrary: 'TypeScript 0.1.0',
      AzCseBind: `1;c=${sealed.length}`,
      AzCseMac: mac(mac(key, label), HEADER).toString('base64'),
    },
  });
  await container.getBlockBlobClient(name).upload(sealed, sealed.length, { metadata: { encryptiondata } });
}

/** Reads a region of 2.0. */
export async function getByHand(container: ContainerClient, name: string, length: number): Promise<Buffer> {
  const sealedLength = NONCE.length + length + TAG_LENGTH;
  const { metadata, readableStreamBody } = await container.getBlockBlobClient(name).download(0, sealedLength);
  const pieces: Buffer[] = [];
  for await (const piece of readableStreamBody ?? []) pieces.push(piece as Buffer);
  const sealed = Buffer.concat(pieces);
  const { WrappedContentKey: wrapped } = JSON.parse(metadata?.['encryptiondata'] ?? '') as Described;
  const unwrap = createDecipheriv('id-aes256-wrap', kek, INITIAL_VALUE);
  const packed = unwrap.update(Buffer.from(wrapped.EncryptedKey, 'base64'));
  unwrap.final();
  const key = createSecretKey(packed.subarray(-KEY_LENGTH));
  mac(mac(key, label), HEADER);
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE.length), GCM);
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  const opened = decipher.update(sealed.subarray(NONCE.length, -TAG_LENGTH));
  decipher.final();
  return opened;
}
