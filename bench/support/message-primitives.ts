/**
 * What the format demands of `node:crypto` for content of 1 KiB with integrity entries, one call after another and nothing around them: no
 * bar for a message can be below it. Random bytes are left out, since the package draws them for many objects at once.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { perOperation } from './operations.js';

const CONTENT_LENGTH = 1024;
const HEADER_LENGTH = 120;
const KEY_LENGTH = 32;
/** Version and content key, which 2.0 wraps. */
const PACKED_LENGTH = 40;
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);
const GCM = { authTagLength: 16 } as const;

const kek = createSecretKey(randomBytes(KEY_LENGTH));
const packed = { '1.0': randomBytes(KEY_LENGTH), '2.0': randomBytes(PACKED_LENGTH) } as const;
const content = randomBytes(CONTENT_LENGTH);
const header = randomBytes(HEADER_LENGTH);
const iv = randomBytes(16);
const nonce = randomBytes(12);
const label = 'azcse/header/v1\x01';

type Protocol = keyof typeof packed;
type Way = 'seal' | 'open';

const mac = (key: KeyObject | Uint8Array, input: Uint8Array | string): Buffer =>
  createHmac('sha256', key).update(input).digest();

function wrap(bytes: Uint8Array): Buffer {
  const cipher = createCipheriv('id-aes256-wrap', kek, INITIAL_VALUE);
  const wrapped = cipher.update(bytes);
  cipher.final();
  return wrapped;
}

function unwrapped(bytes: Uint8Array): KeyObject {
  const decipher = createDecipheriv('id-aes256-wrap', kek, INITIAL_VALUE);
  const opened = decipher.update(bytes);
  decipher.final();
  return createSecretKey(opened.subarray(-KEY_LENGTH));
}

/** A key that is derived, and the MAC under it. */
const derivedMac = (key: KeyObject, input: Uint8Array): Buffer => mac(mac(key, label), input);

const seal = { '1.0': sealCbc, '2.0': sealGcm } as const;

function sealCbc(): Buffer {
  const key = newKey('1.0');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  derivedMac(key, Buffer.concat([cipher.update(content), cipher.final()]));
  return derivedMac(key, header);
}

function sealGcm(): Buffer {
  const key = newKey('2.0');
  const cipher = createCipheriv('aes-256-gcm', key, nonce, GCM);
  cipher.update(content);
  cipher.final();
  cipher.getAuthTag();
  return derivedMac(key, header);
}

/** Flagged, imported and wrapped. */
function newKey(protocol: Protocol): KeyObject {
  const bytes = packed[protocol].subarray(-KEY_LENGTH);
  mac(bytes.subarray(0, 24), label);
  wrap(packed[protocol]);
  return createSecretKey(bytes);
}

/** The content key tells of entries only where they are missing, so its flag is not computed. */
const open = { '1.0': openCbc, '2.0': openGcm } as const;

function openCbc(): () => Buffer {
  const cipher = createCipheriv('aes-256-cbc', createSecretKey(packed['1.0']), iv);
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
  const wrapped = wrap(packed['1.0']);
  return () => {
    const key = unwrapped(wrapped);
    derivedMac(key, header);
    derivedMac(key, sealed);
    return createDecipheriv('aes-256-cbc', key, iv).update(sealed);
  };
}

function openGcm(): () => Buffer {
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(packed['2.0'].subarray(-KEY_LENGTH)), nonce, GCM);
  const sealed = cipher.update(content);
  cipher.final();
  const tag = cipher.getAuthTag();
  const wrapped = wrap(packed['2.0']);
  return () => {
    const key = unwrapped(wrapped);
    derivedMac(key, header);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, GCM).setAuthTag(tag);
    const opened = decipher.update(sealed);
    decipher.final();
    return opened;
  };
}

/** Microseconds of each way, over `count` messages. */
export const messagePrimitives = (protocol: Protocol, count: number): Readonly<Record<Way, () => Promise<number>>> => ({
  seal: perOperation(count, seal[protocol]),
  open: perOperation(count, open[protocol]()),
});
