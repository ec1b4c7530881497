/**
 * The calls to `node:crypto` that the format requires for a row with ten sealed properties and integrity entries, and
 * nothing around them: no bar for a row can be lower.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { derivedMac, KEY_LENGTH, LABELS, mac, unwrapped, wrapped } from './envelope-by-hand.js';
import { perOperation } from './operations.js';

const PROPERTIES = 10;
/** Bytes of a value with its padding, and of the rest that its tag covers. */
const VALUE_LENGTH = 64;
const TAG_INPUT_LENGTH = VALUE_LENGTH + 20;
const HEADER_LENGTH = 400;

const kek = createSecretKey(randomBytes(KEY_LENGTH));
const header = randomBytes(HEADER_LENGTH);
const tagInput = randomBytes(TAG_INPUT_LENGTH);
const ivInput = randomBytes(30);
/** The values and the list of their names. */
const values = randomBytes((PROPERTIES + 1) * VALUE_LENGTH);
const round = values.subarray(0, (PROPERTIES + 1) * 16);

/** The tags of all properties, as strings, which cost less than buffers, and the MAC of the header. */
function entries(contentKey: KeyObject): Buffer {
  const tagKey = mac(contentKey, LABELS.property);
  for (let at = 0; at < PROPERTIES; at++) createHmac('sha256', tagKey).update(tagInput).digest('binary');
  return derivedMac(contentKey, LABELS.header, header);
}

function initializationVectors(): void {
  for (let at = 0; at <= PROPERTIES; at++) hash('sha256', ivInput, 'binary');
}

/** Seals blocks in rounds, because each is chained to the one before it. */
function sealRow(): void {
  // random bytes are drawn for many rows at once
  const bytes = Buffer.alloc(KEY_LENGTH);
  // the flag, which a reader checks only if entries are missing
  mac(bytes.subarray(0, 24), LABELS.flag);
  const contentKey = createSecretKey(bytes);
  wrapped(kek, bytes);
  initializationVectors();
  const cipher = createCipheriv('aes-256-ecb', contentKey, null).setAutoPadding(false);
  for (let at = 0; at < VALUE_LENGTH; at += 16) cipher.update(round);
  entries(contentKey);
}

function openRow(encryptedKey: Uint8Array): void {
  const contentKey = createSecretKey(unwrapped(kek, encryptedKey));
  const expected = entries(contentKey);
  for (let at = 0; at < 2; at++) timingSafeEqual(expected, expected);
  initializationVectors();
  createDecipheriv('aes-256-ecb', contentKey, null).setAutoPadding(false).update(values);
}

/** Microseconds of each way, over `count` rows. */
export function rowPrimitives(count: number): Readonly<Record<'seal' | 'open', () => Promise<number>>> {
  const encryptedKey = wrapped(kek, randomBytes(KEY_LENGTH));
  return { seal: perOperation(count, sealRow), open: perOperation(count, () => openRow(encryptedKey)) };
}

/** What search tags of a row require: a MAC for each, and one that signs it. */
export function tagPrimitives(tags: number): () => void {
  const key = createSecretKey(randomBytes(KEY_LENGTH));
  return () => {
    for (let at = 0; at < 2 * tags; at++) mac(key, tagInput);
  };
}
