/**
 * Blobs of any size that the server serves without storing their bytes: one piece of 4 MiB, repeated. It is valid
 * ciphertext:
 *
 *     plain   piece || piece || ...
 *     1.0     the same, except for a last block that opens to padding
 *     2.0     (nonce_i || piece || tag_i) ...    tag_i = tag_0 XOR E(nonce_0 || 1) XOR E(nonce_i || 1), since the tag's hash
 *             covers only the ciphertext
 *
 * Everything is sealed under one content key, which the key of the bench has wrapped. Integrity entries are optional.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { flaggedKey } from './envelope-by-hand.js';
import { integrityEntries } from './stored-entries.js';
import type { KeyEncryptionKey } from 'nestjs-azure-encrypted-storage';

export const CONTENT_KINDS = ['plain', '1.0', '2.0'] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

const PIECE_LENGTH = 4 * 1024 * 1024;
const BLOCK_LENGTH = 16;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const REGION_LENGTH = NONCE_LENGTH + PIECE_LENGTH + TAG_LENGTH;

/** What the server needs, with bytes in base64, because it is sent between processes. */
export interface StoredContentSeed {
  readonly contentKey: string;
  readonly hasEntries: boolean;
  /** The encryption data of a blob of that kind, without its entries. Plain has none. */
  readonly encryptionData: Readonly<Record<ContentKind, StoredData | undefined>>;
}

/** The part of the encryption data that is read. */
export interface StoredData {
  readonly EncryptionAgent: { readonly Protocol: string; readonly EncryptionAlgorithm: string };
  readonly ContentEncryptionIV?: string;
  readonly EncryptedRegionInfo?: { readonly DataLength: number; readonly NonceLength: number };
}

/** A content key wrapped for both protocols. */
export async function newSeed(kek: KeyEncryptionKey, hasEntries = false): Promise<StoredContentSeed> {
  const contentKey = hasEntries ? flaggedKey() : randomBytes(32);
  const label = Buffer.alloc(8);
  label.write('2.0');
  const iv = randomBytes(BLOCK_LENGTH).toString('base64');
  return {
    contentKey: contentKey.toString('base64'),
    hasEntries,
    encryptionData: {
      plain: undefined,
      '1.0': await encryptionData(kek, contentKey, {
        EncryptionAgent: { Protocol: '1.0', EncryptionAlgorithm: 'AES_CBC_256' },
        ContentEncryptionIV: iv,
      }),
      '2.0': await encryptionData(kek, Buffer.concat([label, contentKey]), {
        EncryptionAgent: { Protocol: '2.0', EncryptionAlgorithm: 'AES_GCM_256' },
        EncryptedRegionInfo: { DataLength: PIECE_LENGTH, NonceLength: NONCE_LENGTH },
      }),
    },
  };
}

async function encryptionData(kek: KeyEncryptionKey, packed: Uint8Array, fields: StoredData): Promise<StoredData> {
  const { keyId, algorithm, encryptedKey } = await kek.wrapKey(packed);
  const wrapped = {
    EncryptionMode: 'FullBlob',
    WrappedContentKey: {
      KeyId: keyId,
      EncryptedKey: Buffer.from(encryptedKey).toString('base64'),
      Algorithm: algorithm,
    },
  };
  return { ...wrapped, ...fields };
}

/** The stored length of content with `plaintextLength` bytes. */
export function storedLength(kind: ContentKind, plaintextLength: number): number {
  if (kind === 'plain') return plaintextLength;
  if (kind === '1.0') return plaintextLength + BLOCK_LENGTH - (plaintextLength % BLOCK_LENGTH);
  return plaintextLength + (NONCE_LENGTH + TAG_LENGTH) * Math.ceil(plaintextLength / PIECE_LENGTH);
}

/** Yields the bytes of stored blobs, slice by slice, without copying them. */
export class StoredContent {
  private readonly piece = randomBytes(PIECE_LENGTH);
  private readonly key: Buffer;
  private readonly hashes = new Map<number, Buffer>();
  private readonly texts = new Map<string, string>();

  constructor(private readonly seed: StoredContentSeed) {
    this.key = Buffer.from(seed.contentKey, 'base64');
  }

  /** The encryption data of a blob, or `undefined` for plain. With entries, the first call takes the time of a MAC. */
  encryptionData(kind: ContentKind, plaintextLength: number): string | undefined {
    const data = this.seed.encryptionData[kind];
    if (data === undefined) return undefined;
    const name = `${kind}-${plaintextLength}`;
    const known = this.texts.get(name) ?? this.dataWithEntries(kind, plaintextLength, data);
    this.texts.set(name, known);
    return known;
  }

  private dataWithEntries(kind: ContentKind, plaintextLength: number, data: StoredData): string {
    const length = storedLength(kind, plaintextLength);
    const stored = { length, slices: () => this.slices(kind, plaintextLength, [0, length]) };
    const entries = this.seed.hasEntries ? integrityEntries(this.key, data, { plaintextLength, stored }) : {};
    return JSON.stringify({ ...data, KeyWrappingMetadata: { EncryptionLibrary: 'bench', ...entries } });
  }

  /** The stored bytes of `[from, to)`. */
  *slices(kind: ContentKind, plaintextLength: number, [from, to]: readonly [number, number]): Generator<Buffer> {
    for (let at = from; at < to;) {
      const slice = this.sliceAt(kind, plaintextLength, at).subarray(0, to - at);
      yield slice;
      at += slice.length;
    }
  }

  private sliceAt(kind: ContentKind, plaintextLength: number, at: number): Buffer {
    if (kind === '2.0') return this.regionSlice(plaintextLength, at);
    const sealed = storedLength(kind, plaintextLength);
    const lastBlock = kind === '1.0' ? sealed - BLOCK_LENGTH : sealed;
    if (at >= lastBlock) return this.paddingBlock(plaintextLength).subarray(at - lastBlock);
    return this.piece.subarray(at % PIECE_LENGTH).subarray(0, lastBlock - at);
  }

  /** Opens to the padding after the block before it. */
  private paddingBlock(plaintextLength: number): Buffer {
    const padding = BLOCK_LENGTH - (plaintextLength % BLOCK_LENGTH);
    if (padding !== BLOCK_LENGTH) throw new Error('The bench keeps to whole blocks');
    const before = (plaintextLength - BLOCK_LENGTH) % PIECE_LENGTH;
    return this.encryptBlock(xor(Buffer.alloc(BLOCK_LENGTH, padding), this.piece.subarray(before)));
  }

  private regionSlice(plaintextLength: number, at: number): Buffer {
    const region = Math.floor(at / REGION_LENGTH);
    const dataLength = Math.min(PIECE_LENGTH, plaintextLength - region * PIECE_LENGTH);
    const within = at - region * REGION_LENGTH;
    if (within < NONCE_LENGTH) return nonceOf(region).subarray(within);
    if (within < NONCE_LENGTH + dataLength) return this.piece.subarray(within - NONCE_LENGTH, dataLength);
    const tag = xor(this.ciphertextHash(dataLength), this.encryptBlock(firstCounter(region)));
    return tag.subarray(within - NONCE_LENGTH - dataLength);
  }

  /** The part of a tag that depends on the ciphertext, derived from real encryption. */
  private ciphertextHash(dataLength: number): Buffer {
    const known = this.hashes.get(dataLength);
    if (known !== undefined) return known;
    const opened = createDecipheriv('aes-256-gcm', this.key, nonceOf(0)).update(this.piece.subarray(0, dataLength));
    const sealing = createCipheriv('aes-256-gcm', this.key, nonceOf(0));
    sealing.update(opened);
    sealing.final();
    const hash = xor(sealing.getAuthTag(), this.encryptBlock(firstCounter(0)));
    this.hashes.set(dataLength, hash);
    return hash;
  }

  private encryptBlock(block: Buffer): Buffer {
    return createCipheriv('aes-256-ecb', this.key, null).setAutoPadding(false).update(block);
  }
}

function nonceOf(region: number): Buffer {
  const nonce = Buffer.alloc(NONCE_LENGTH);
  nonce.writeBigUInt64LE(BigInt(region) + 1n, 4);
  return nonce;
}

const firstCounter = (region: number): Buffer => Buffer.concat([nonceOf(region), Buffer.from([0, 0, 0, 1])]);

const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(Uint8Array.from(a, (byte, i) => byte ^ (b[i] ?? 0)));
