/**
 * The calls to `node:crypto` that the format requires for content of 1 KiB with integrity entries, and nothing around
 * them: no bar for a message can be lower. Random bytes are left out, because the package draws them for many objects
 * at once.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { derivedMac, GCM, KEY_LENGTH, LABELS, mac, unwrapped, wrapped } from './envelope-by-hand.js';
import { perOperation } from './operations.js';

const CONTENT_LENGTH = 1024;
const HEADER_LENGTH = 120;
/** The version and the content key, which 2.0 wraps together. */
const PACKED_LENGTH = 40;

const kek = createSecretKey(randomBytes(KEY_LENGTH));
const packed = { '1.0': randomBytes(KEY_LENGTH), '2.0': randomBytes(PACKED_LENGTH) } as const;
const content = randomBytes(CONTENT_LENGTH);
const header = randomBytes(HEADER_LENGTH);
const iv = randomBytes(16);
const nonce = randomBytes(12);

type Protocol = keyof typeof packed;
type Way = 'seal' | 'open';

const openedKey = (encryptedKey: Uint8Array): KeyObject =>
  createSecretKey(unwrapped(kek, encryptedKey).subarray(-KEY_LENGTH));

const seal = { '1.0': sealCbc, '2.0': sealGcm } as const;

function sealCbc(): Buffer {
  const key = newKey('1.0');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  derivedMac(key, LABELS.content, Buffer.concat([cipher.update(content), cipher.final()]));
  return derivedMac(key, LABELS.header, header);
}

function sealGcm(): Buffer {
  const key = newKey('2.0');
  const cipher = createCipheriv('aes-256-gcm', key, nonce, GCM);
  cipher.update(content);
  cipher.final();
  cipher.getAuthTag();
  return derivedMac(key, LABELS.header, header);
}

/** Flagged, imported and wrapped. */
function newKey(protocol: Protocol): KeyObject {
  const bytes = packed[protocol].subarray(-KEY_LENGTH);
  mac(bytes.subarray(0, 24), LABELS.flag);
  wrapped(kek, packed[protocol]);
  return createSecretKey(bytes);
}

/** The flag of the content key only matters if entries are missing, so it is not computed. */
const open = { '1.0': openCbc, '2.0': openGcm } as const;

function openCbc(): () => Buffer {
  const cipher = createCipheriv('aes-256-cbc', createSecretKey(packed['1.0']), iv);
  const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
  const encryptedKey = wrapped(kek, packed['1.0']);
  return () => {
    const key = openedKey(encryptedKey);
    derivedMac(key, LABELS.header, header);
    derivedMac(key, LABELS.content, sealed);
    return createDecipheriv('aes-256-cbc', key, iv).update(sealed);
  };
}

function openGcm(): () => Buffer {
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(packed['2.0'].subarray(-KEY_LENGTH)), nonce, GCM);
  const sealed = cipher.update(content);
  cipher.final();
  const tag = cipher.getAuthTag();
  const encryptedKey = wrapped(kek, packed['2.0']);
  return () => {
    const key = openedKey(encryptedKey);
    derivedMac(key, LABELS.header, header);
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
