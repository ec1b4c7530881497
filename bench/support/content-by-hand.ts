/**
 * Seals and opens content of one region with hand-written code: what the format requires and nothing else, for the key
 * of the bench. No policy, context, chunks, other writers, errors with a reason or spans. A package that does more
 * takes longer, so no bar for a message or a small blob can be below it.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import {
  derivedMac,
  flaggedKey,
  GCM,
  KEY_LENGTH,
  LABELS,
  prefixed,
  randomPiece,
  TAG_LENGTH,
  unwrapped,
  wrapped,
} from './envelope-by-hand.js';

export type Protocol = '1.0' | '2.0';
export type Form = 'stream' | 'message';
export type Integrity = 'verify' | 'off';

export interface SealedByHand {
  readonly sealed: Buffer;
  /** The encryption data. */
  readonly data: string;
}

/** The part of the encryption data that is read. With `integrity: 'off'`, it has no entries. */
export interface StoredData {
  readonly WrappedContentKey: { readonly EncryptedKey: string };
  readonly ContentEncryptionIV?: string;
  readonly KeyWrappingMetadata: {
    readonly AzCseBind?: string;
    readonly AzCseTag?: string;
    readonly AzCseMac?: string;
  };
}

/** The bytes and the id of `benchKey`. */
export const KEK = createSecretKey(Buffer.alloc(KEY_LENGTH, 'bench'));
const KEY_ID = 'bench:2026';

const IV_LENGTH = 16;
const NONCE = Buffer.from('000000000100000000000000', 'hex');
const PACKED_PREFIX = Buffer.from('2.0\0\0\0\0\0', 'latin1');
/** 4 MiB of data in a region, and the length of a nonce. */
const REGIONS = Buffer.from('004000000c', 'hex');
const NOTHING = Buffer.alloc(0);

const ALGORITHMS = { '1.0': 'AES_CBC_256', '2.0': 'AES_GCM_256' } as const;
const startOf = (kind: number): Buffer => Buffer.from(`azcse/header/v1\0${String.fromCharCode(kind)}`, 'latin1');
const STARTS = { stream: startOf(1), message: startOf(3) } as const;

/** Holds the input for the MAC of the header, none of which is secret. */
const scratch = Buffer.alloc(4096);

export function sealContent(
  protocol: Protocol,
  form: Form,
  content: Buffer,
  integrity: Integrity = 'verify',
): SealedByHand {
  const bytes = integrity === 'off' ? randomPiece(KEY_LENGTH) : flaggedKey();
  const key = createSecretKey(bytes);
  const packed = protocol === '1.0' ? bytes : Buffer.concat([PACKED_PREFIX, bytes]);
  const encryptedKey = wrapped(KEK, packed).toString('base64');
  packed.fill(0);
  bytes.fill(0);
  const iv = protocol === '1.0' ? randomPiece(IV_LENGTH) : NOTHING;
  const sealed = protocol === '1.0' ? cbcSealed(key, iv, content) : gcmSealed(key, content);
  const entries = integrity === 'off' ? '' : entriesOf({ protocol, form, key, iv, sealed, length: content.length });
  const data =
    `{${form === 'stream' ? '"EncryptionMode":"FullBlob",' : ''}` +
    `"WrappedContentKey":{"KeyId":${JSON.stringify(KEY_ID)},"EncryptedKey":"${encryptedKey}","Algorithm":"A256KW"},` +
    `"EncryptionAgent":{"Protocol":"${protocol}","EncryptionAlgorithm":"${ALGORITHMS[protocol]}"},` +
    (protocol === '1.0'
      ? `"ContentEncryptionIV":"${iv.toString('base64')}",`
      : `"EncryptedRegionInfo":{"DataLength":4194304,"NonceLength":12},`) +
    `"KeyWrappingMetadata":{"EncryptionLibrary":"bench"${entries}}}`;
  return { sealed, data };
}

interface Bound {
  readonly protocol: Protocol;
  readonly form: Form;
  readonly key: KeyObject;
  readonly iv: Buffer;
  readonly sealed: Buffer;
  /** Bytes of the plaintext. */
  readonly length: number;
}

/** The integrity entries as members of JSON. */
function entriesOf({ protocol, form, key, iv, sealed, length }: Bound): string {
  const tag = protocol === '1.0' ? derivedMac(key, LABELS.content, sealed) : NOTHING;
  const bind = `1;c=${sealed.length}${protocol === '1.0' && form === 'stream' ? `;n=${length}` : ''}`;
  const mac = derivedMac(key, LABELS.header, header(protocol, form, { iv, bind, tag })).toString('base64');
  const tagEntry = tag.length === 0 ? '' : `"AzCseTag":"${tag.toString('base64')}",`;
  return `,"AzCseBind":"${bind}",${tagEntry}"AzCseMac":"${mac}"`;
}

export function openContent(protocol: Protocol, form: Form, { sealed, data }: OpenableByHand): Buffer {
  const packed = unwrapped(KEK, Buffer.from(data.WrappedContentKey.EncryptedKey, 'base64'));
  const key = createSecretKey(packed.subarray(-KEY_LENGTH));
  packed.fill(0);
  const { AzCseBind: bind, AzCseTag, AzCseMac } = data.KeyWrappingMetadata;
  const iv = Buffer.from(data.ContentEncryptionIV ?? '', 'base64');
  if (bind !== undefined) {
    const tag = Buffer.from(AzCseTag ?? '', 'base64');
    const mac = derivedMac(key, LABELS.header, header(protocol, form, { iv, bind, tag }));
    assertSame(mac, Buffer.from(AzCseMac ?? '', 'base64'));
    if (protocol === '1.0') assertSame(derivedMac(key, LABELS.content, sealed), tag);
  }
  if (protocol === '2.0') return gcmOpened(key, sealed);
  const decipher = createDecipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

export interface OpenableByHand {
  readonly sealed: Buffer;
  readonly data: StoredData;
}

interface Header {
  readonly iv: Buffer;
  readonly bind: string;
  readonly tag: Buffer;
}

function header(protocol: Protocol, form: Form, { iv, bind, tag }: Header): Buffer {
  scratch.set(STARTS[form]);
  let at = prefixed(scratch, protocol, STARTS[form].length);
  at = prefixed(scratch, ALGORITHMS[protocol], at);
  if (protocol === '1.0') at = prefixed(scratch, iv, at);
  else at += REGIONS.copy(scratch, at);
  at = prefixed(scratch, tag, prefixed(scratch, bind, at));
  return scratch.subarray(0, at);
}

function cbcSealed(key: KeyObject, iv: Buffer, content: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([cipher.update(content), cipher.final()]);
}

function gcmSealed(key: KeyObject, content: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, NONCE, GCM);
  const sealed = cipher.update(content);
  cipher.final();
  return Buffer.concat([NONCE, sealed, cipher.getAuthTag()]);
}

function gcmOpened(key: KeyObject, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE.length), GCM);
  decipher.setAuthTag(sealed.subarray(-TAG_LENGTH));
  const opened = decipher.update(sealed.subarray(NONCE.length, -TAG_LENGTH));
  decipher.final();
  return opened;
}

function assertSame(found: Uint8Array, expected: Uint8Array): void {
  if (!timingSafeEqual(found, expected)) throw new Error('the content was changed');
}
