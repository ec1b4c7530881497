/**
 * Uploads from memory and downloads to memory with hand-written code: the ciphers in steps of 64 KiB and the requests
 * of the SDK. In 1.0, sealed content has a MAC, and content from the bench's server has none. No package that keeps the
 * event loop free can be much faster.
 */
import {
  type Cipher,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type Decipher,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockBlobClient } from '@azure/storage-blob';
import { KEK, type Protocol, type StoredData } from './content-by-hand.js';
import { GCM, KEY_LENGTH, TAG_LENGTH, unwrapped } from './envelope-by-hand.js';
import { freeMemory } from './internals.js';

const STEP_LENGTH = 64 * 1024;
const BLOCK_LENGTH = 4 * 1024 * 1024;
const CIPHER_BLOCK = 16;
const NONCE_LENGTH = 12;
const REGION_LENGTH = NONCE_LENGTH + BLOCK_LENGTH + TAG_LENGTH;
/** Milliseconds of work between turns of the event loop. */
const SLICE_MS = 1;

export interface TransferByHand {
  readonly client: BlockBlobClient;
  readonly protocol: Protocol;
  readonly concurrency: number;
}

let turned = performance.now();

async function breathe(): Promise<void> {
  if (performance.now() - turned < SLICE_MS) return;
  await nextTurn();
  turned = performance.now();
}

/** Reused memory, because new memory would cost more than the ciphers. */
const idle: Buffer[] = [];
const takeMemory = (): Buffer => idle.pop() ?? Buffer.allocUnsafeSlow(CIPHER_BLOCK + REGION_LENGTH);

async function stepped(cipher: Cipher | Decipher, from: Uint8Array, to: Buffer, at = 0): Promise<void> {
  for (let done = 0; done < from.length; done += STEP_LENGTH) {
    const step = cipher.update(from.subarray(done, done + STEP_LENGTH));
    step.copy(to, at + done);
    freeMemory.freeMemory(step);
    await breathe();
  }
}

/** In blocks of 4 MiB, which are regions in 2.0. */
export async function uploadByHand(transfer: TransferByHand, content: Buffer): Promise<void> {
  const { client, concurrency } = transfer;
  const seal = transfer.protocol === '1.0' ? cbcSealing() : gcmSealing();
  const ids: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  for (let at = 0; at < content.length; at += BLOCK_LENGTH) {
    const memory = takeMemory();
    const block = await seal(content.subarray(at, at + BLOCK_LENGTH), memory, at + BLOCK_LENGTH >= content.length);
    if (underWay.size >= concurrency) await Promise.race(underWay);
    const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
    ids.push(id);
    const sent = client.stageBlock(id, block, block.length).then(() => {
      underWay.delete(sent);
      idle.push(memory);
    });
    underWay.add(sent);
  }
  await Promise.all(underWay);
  await client.commitBlockList(ids, { metadata: { encryptiondata: 'by hand' } });
}

type Sealing = (plaintext: Buffer, memory: Buffer, isLast: boolean) => Promise<Buffer>;

function cbcSealing(): Sealing {
  const key = createSecretKey(randomBytes(KEY_LENGTH));
  const cipher = createCipheriv('aes-256-cbc', key, randomBytes(CIPHER_BLOCK));
  const mac = createHmac('sha256', key);
  return async (plaintext, memory, isLast) => {
    const authenticated = {
      update: (step: Buffer) => {
        const sealed = cipher.update(step);
        mac.update(sealed);
        return sealed;
      },
    } as Cipher;
    await stepped(authenticated, plaintext, memory);
    if (!isLast) return memory.subarray(0, plaintext.length);
    const padding = cipher.final();
    mac.update(padding).digest();
    return memory.subarray(0, plaintext.length + padding.copy(memory, plaintext.length));
  };
}

function gcmSealing(): Sealing {
  const key = createSecretKey(randomBytes(KEY_LENGTH));
  let region = 0;
  return async (plaintext, memory) => {
    const nonce = Buffer.alloc(NONCE_LENGTH);
    nonce.writeUInt32LE(++region);
    const cipher = createCipheriv('aes-256-gcm', key, nonce, GCM);
    nonce.copy(memory);
    await stepped(cipher, plaintext, memory, NONCE_LENGTH);
    cipher.final();
    const end = NONCE_LENGTH + plaintext.length;
    cipher.getAuthTag().copy(memory, end);
    return memory.subarray(0, end + TAG_LENGTH);
  };
}

/** Sends several requests of 4 MiB at once, and opens each response when it arrives. */
export async function downloadByHand(transfer: TransferByHand, target: Buffer): Promise<void> {
  const { client, concurrency, protocol } = transfer;
  const { metadata } = await client.getProperties();
  const data = JSON.parse(metadata?.['encryptiondata'] ?? '') as StoredData;
  const packed = unwrapped(KEK, Buffer.from(data.WrappedContentKey.EncryptedKey, 'base64'));
  const key = createSecretKey(packed.subarray(-KEY_LENGTH));
  const iv = Buffer.from(data.ContentEncryptionIV ?? '', 'base64');
  let next = 0;
  const lane = async (): Promise<void> => {
    const memory = takeMemory();
    while (next < target.length) {
      const at = next;
      next += BLOCK_LENGTH;
      const into = target.subarray(at, at + BLOCK_LENGTH);
      await (protocol === '1.0'
        ? openCbc({ client, key, memory, at, iv }, into)
        : openGcm({ client, key, memory, at }, into));
    }
    idle.push(memory);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

interface Piece {
  readonly client: BlockBlobClient;
  readonly key: KeyObject;
  readonly memory: Buffer;
  /** The position at which the plaintext starts. */
  readonly at: number;
}

/** The block before a piece is its IV. The last piece is requested without the padding after it. */
async function openCbc({ client, key, memory, at, iv }: Piece & { readonly iv: Buffer }, into: Buffer): Promise<void> {
  const lead = at === 0 ? 0 : CIPHER_BLOCK;
  const sealed = memory.subarray(0, lead + into.length);
  await client.downloadToBuffer(sealed, at - lead, sealed.length, { blockSize: sealed.length });
  const decipher = createDecipheriv('aes-256-cbc', key, lead === 0 ? iv : Buffer.from(sealed.subarray(0, lead)));
  await stepped(decipher.setAutoPadding(false), sealed.subarray(lead), into);
}

async function openGcm({ client, key, memory, at }: Piece, into: Buffer): Promise<void> {
  const sealed = memory.subarray(0, NONCE_LENGTH + into.length + TAG_LENGTH);
  await client.downloadToBuffer(sealed, (at / BLOCK_LENGTH) * REGION_LENGTH, sealed.length, {
    blockSize: sealed.length,
  });
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_LENGTH), GCM);
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  await stepped(decipher, sealed.subarray(NONCE_LENGTH, -TAG_LENGTH), into);
  decipher.final();
}
