/** Structure-aware damage: JSON by its members, base64 by its bytes, ciphertext by its blocks. */
import type { Random } from '../random.js';

const STRANGE: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    ' ',
    '1.0',
    '2.0',
    '2.1',
    'AES_CBC_256',
    'AES_GCM_256',
    'A256KW',
  ],
  ...['RSA-OAEP', 'AA==', '====', '\u0000', '\ud800', '𝄞', 'x'.repeat(10_000), [], [[]], {}, { length: 1 }, [null]],
  ...[4194304, 12, 16, 28, 255, 65_536, 2 ** 31, -(2 ** 31), { toString: 1 }, { __proto__: null, a: 1 }],
];
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'KeyId',
  'keyid',
  'Protocol',
  'ContentEncryptionIV',
  'EncryptedRegionInfo',
];
/** Units of ciphertext: an AES block, a nonce, a tag, the frame of a region. */
const UNITS = [1, 8, 12, 16, 28];
/** Levels of JSON that are changed. */
const MAX_DEPTH = 8;
const BASE64 = /^[A-Za-z0-9+/]{8,}={0,2}$/;

/** Up to three changes of the text. */
export function mutateText(text: string, random: Random): string {
  let changed = text;
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    changed = random.chance(0.7) ? mutateJson(changed, random) : scratch(changed, random);
  }
  return changed;
}

/** Up to three changes of the bytes. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let left = random.between(1, 3); left > 0; left -= 1) changed = damage(changed, random);
  return changed;
}

function damage(bytes: Buffer, random: Random): Buffer {
  const unit = random.pick(UNITS);
  const at = random.between(0, Math.floor(bytes.length / unit)) * unit;
  const end = at + unit * random.between(1, 4);
  switch (random.between(0, 6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes, random.bytes(unit)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 4:
      return bytes.fill(random.pick([0, 255]), Math.min(at, bytes.length), Math.min(end, bytes.length));
    default:
      if (bytes.length > 0) bytes[random.between(0, bytes.length - 1)]! ^= 1 << random.between(0, 7);
      return bytes;
  }
}

function scratch(text: string, random: Random): string {
  const at = random.between(0, text.length);
  const end = at + random.between(1, 20);
  switch (random.between(0, 4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, end) + text.slice(at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(random.between(0, 65_535)) + text.slice(at + 1);
    default:
      return text.slice(0, at) + random.pick(['"', '{', '}', '[', ']', ',', ':', '\\', '<', '\n']) + text.slice(at);
  }
}

function mutateJson(text: string, random: Random): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return scratch(text, random);
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(random.pick(STRANGE));
  const places = placesIn(value);
  if (places.length === 0) return JSON.stringify(random.pick(STRANGE));
  change(random.pick(places), random);
  return random.chance(0.2) ? JSON.stringify(value, null, random.between(0, 2)) : JSON.stringify(value);
}

type Container = Record<string, unknown>;
interface Place {
  readonly parent: Container;
  readonly name: string;
}

/** Members of the value and of nested values, as deep as the formats here. */
function placesIn(value: unknown, found: Place[] = [], depth = 0): Place[] {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return found;
  const parent = value as Container;
  for (const name of Object.keys(parent)) {
    found.push({ parent, name });
    placesIn(parent[name], found, depth + 1);
  }
  return found;
}

function change({ parent, name }: Place, random: Random): void {
  const value = parent[name];
  switch (random.between(0, 6)) {
    case 0:
      delete parent[name];
      return;
    case 1:
      parent[random.chance(0.5) ? name.toUpperCase() : name.toLowerCase()] = random.pick(STRANGE);
      return;
    case 2:
      Object.defineProperty(parent, random.pick(NAMES), {
        value: random.pick(STRANGE),
        enumerable: true,
        configurable: true,
      });
      return;
    case 3:
      parent[name] = random.pick([[value], { [name]: value }, nested(value, random.between(1, 500))]);
      return;
    case 4:
      parent[name] = random.pick(STRANGE);
      return;
    default:
      parent[name] = changedValue(value, random);
  }
}

function nested(value: unknown, depth: number): unknown {
  let inner = value;
  for (let left = depth; left > 0; left -= 1) inner = [inner];
  return inner;
}

function changedValue(value: unknown, random: Random): unknown {
  if (typeof value === 'number') return value + random.pick([1, -1, 0.5, 2 ** 32]);
  if (typeof value !== 'string') return random.pick(STRANGE);
  if (value.startsWith('{') || value.startsWith('[')) return mutateJson(value, random);
  if (BASE64.test(value)) return mutateBytes(Buffer.from(value, 'base64'), random).toString('base64');
  return scratch(value, random);
}
