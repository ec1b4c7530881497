/**
 * The ciphers of Node.js alone, 64 KiB at once. No transfer can be faster than plain and the cipher in sequence: with
 * plain at P and the cipher at C, the ceiling of the ratio is C / (P + C).
 */
import {
  type Cipher,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type Decipher,
  randomBytes,
} from 'node:crypto';
import { freeMemory } from './internals.js';
import type { Lab } from './lab.js';
import { medianOf, type Samples } from './rounds.js';
import { type Sample, takeSample } from './sample.js';
import { MIB } from './transfer.js';

const STEP_LENGTH = 64 * 1024;

export type Protocol = '1.0' | '2.0';
export type CipherUse = 'seal' | 'open';

/**
 * The ciphers for content in each protocol. Sealed content of 1.0 also gets a MAC over its ciphertext, unlike that of
 * the bench's server.
 */
export const CIPHERS = {
  'seal 1.0 without a MAC': 'AES-256-CBC',
  'seal 1.0': 'AES-256-CBC and HMAC-SHA-256',
  'seal 2.0': 'AES-256-GCM',
  'open 1.0': 'AES-256-CBC',
  'open 2.0': 'AES-256-GCM',
  mac: 'HMAC-SHA-256',
} as const;
export type CipherCase = keyof typeof CIPHERS;

/** MB/s of each, and how quiet the machine was. */
export type CipherRates = Readonly<Record<CipherCase, { readonly rate: number; readonly quiet: string }>>;

const MEASURED = new WeakMap<Lab, Promise<CipherRates>>();

/** Measured once in each run, when they are first needed. */
export function cipherRates(lab: Lab): Promise<CipherRates> {
  const rates = MEASURED.get(lab) ?? measured(lab);
  MEASURED.set(lab, rates);
  return rates;
}

/** The share of the best possible ratio that a transfer reaches. */
export const shareOfCeiling = (ratio: number, plain: number, cipher: number): number =>
  ratio / (cipher / (plain + cipher));

async function measured(lab: Lab): Promise<CipherRates> {
  const length = (lab.isQuick ? 8 : 256) * MIB;
  const content = randomBytes(4 * MIB);
  const names = Object.keys(CIPHERS) as CipherCase[];
  const variants = names.map((name) => [name, () => takeSample(() => run(stepOf(name), content, length))] as const);
  const found = await lab.compare('ciphers alone', Object.fromEntries(variants));
  const rateOf = (samples: Samples<Sample>): number => length / 1e6 / medianOf(samples, ({ seconds }) => seconds);
  const rates = names.map((name) => [name, { rate: rateOf(found[name]!), quiet: found[name]!.quiet }] as const);
  return Object.fromEntries(rates) as CipherRates;
}

/** Processes the next bytes of the content, and returns what to free. */
function stepOf(name: CipherCase): (bytes: Buffer) => Buffer {
  const key = createSecretKey(randomBytes(32));
  const cbc = ['aes-256-cbc', key, randomBytes(16)] as const;
  const gcm = ['aes-256-gcm', key, randomBytes(12)] as const;
  switch (name) {
    case 'seal 1.0':
      return bothOf(createCipheriv(...cbc), createHmac('sha256', key));
    case 'mac':
      return macOf(createHmac('sha256', key));
    case 'seal 1.0 without a MAC':
      return updateOf(createCipheriv(...cbc));
    case 'open 1.0':
      return updateOf(createDecipheriv(...cbc));
    case 'seal 2.0':
      return updateOf(createCipheriv(...gcm));
    case 'open 2.0':
      return updateOf(createDecipheriv(...gcm));
  }
}

const updateOf =
  (cipher: Cipher | Decipher) =>
  (bytes: Buffer): Buffer =>
    cipher.update(bytes);

const NOTHING = Buffer.alloc(0);

const macOf =
  (mac: ReturnType<typeof createHmac>) =>
  (bytes: Buffer): Buffer => {
    mac.update(bytes);
    return NOTHING;
  };

const bothOf =
  (cipher: Cipher, mac: ReturnType<typeof createHmac>) =>
  (bytes: Buffer): Buffer => {
    const sealed = cipher.update(bytes);
    mac.update(sealed);
    return sealed;
  };

function run(step: (bytes: Buffer) => Buffer, content: Buffer, length: number): Promise<void> {
  for (let at = 0; at < length; at += STEP_LENGTH) {
    const from = at % content.length;
    freeMemory.freeMemory(step(content.subarray(from, from + STEP_LENGTH)));
  }
  return Promise.resolve();
}
