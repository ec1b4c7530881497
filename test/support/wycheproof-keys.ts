/** Checks our keys against groups of Wycheproof cases. */
import { createSecretKey } from 'node:crypto';
import { InvalidOptionsError } from '../../src/errors/input.js';
import { isEncryptedStorageError } from '../../src/errors/any-error.js';
import { AesKeyEncryptionKey } from '../../src/keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../../src/keys/key-encryption-key.js';
import { RsaKeyEncryptionKey } from '../../src/keys/rsa-key-encryption-key.js';

/** A case; every value except `result` is hex. */
export interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly key: string;
  readonly msg: string;
  readonly ct: string;
  readonly iv: string;
  readonly aad: string;
  readonly tag: string;
  readonly label: string;
}

/** Cases with the same parameters; RSA sets name the key here. */
export interface Group {
  readonly keySize: number;
  readonly ivSize: number;
  readonly tagSize: number;
  readonly sha: string;
  readonly mgfSha: string;
  readonly privateKeyPem: string;
  readonly tests: readonly Case[];
}

/** The number of cases checked against our code, and a line for each that failed. */
export interface Outcome {
  readonly cases: number;
  readonly faults: readonly string[];
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** Runs a check over the cases of a group; the check returns what is wrong, or `null`. */
export async function outcomeOf(
  group: Group,
  check: (one: Case) => string | null | Promise<string | null>,
): Promise<Outcome> {
  const faults = [];
  for (const one of group.tests) {
    const fault = await check(one);
    if (fault !== null) faults.push(`${one.tcId} (${one.comment}): ${fault}`);
  }
  return { cases: group.tests.length, faults };
}

/**
 * AES key wrap. An 8-byte key, which the sets call acceptable, is outside RFC 3394 and rejected. An invalid case
 * without wrapped bytes has a key that must not be wrapped, and an empty wrapped key that must not be unwrapped.
 */
export const aesWrapFaults = (group: Group): Promise<Outcome> =>
  outcomeOf(group, async (one) => {
    const key = aesKey(one);
    if (one.result === 'valid') {
      const wrapped = await wrap(key, one);
      if (typeof wrapped === 'string' || !hex(one.ct).equals(wrapped))
        return `wraps to other bytes: ${String(wrapped)}`;
      return acceptance(await unwrap(key, one, key.algorithm), one);
    }
    const wrapped = one.ct === '' ? await wrap(key, one) : 'KEY_WRAP_FAILED';
    if (wrapped !== 'KEY_WRAP_FAILED') return `is wrapped: ${String(wrapped)}`;
    return refusal(await unwrap(key, one, key.algorithm));
  });

/** The sets' name for a plain RFC 3394 wrap among padded ones, which is invalid there; for us it is the valid one. */
const PLAIN_WRAP = 'RFC 3349 padding';

/** AES key wrap with padding (RFC 5649) is another algorithm, which ours must not accept. */
export const aesPaddedWrapFaults = (group: Group): Promise<Outcome> =>
  outcomeOf(group, async (one) => {
    const key = aesKey(one);
    const answer = await unwrap(key, one, key.algorithm);
    return one.comment === PLAIN_WRAP ? acceptance(answer, one) : refusal(answer);
  });

const OAEP_HASHES: Readonly<Record<string, string>> = { 'RSA-OAEP': 'SHA-1', 'RSA-OAEP-256': 'SHA-256' };
const MIN_MODULUS_BITS = 2048;

/** RSA-OAEP under both names; a valid case has an empty label and the hash of the name in both places. */
export async function rsaOaepFaults(group: Group): Promise<Outcome> {
  const makeKey = () => RsaKeyEncryptionKey.fromPem('wycheproof', group.privateKeyPem);
  if (group.keySize < MIN_MODULUS_BITS) return { cases: group.tests.length, faults: takenKeys(makeKey) };

  const key = makeKey();
  return outcomeOf(group, async (one) => {
    for (const [algorithm, hash] of Object.entries(OAEP_HASHES)) {
      const isOurs = one.result === 'valid' && one.label === '' && group.sha === hash && group.mgfSha === hash;
      const answer = await unwrap(key, one, algorithm);
      const fault = isOurs ? acceptance(answer, one) : refusal(answer);
      if (fault !== null) return `${algorithm} ${fault}`;
    }
    return null;
  });
}

const aesKey = ({ key }: Case) => AesKeyEncryptionKey.fromKeyObject('wycheproof', createSecretKey(hex(key)));

const wrap = (key: KeyEncryptionKey, { msg }: Case): Promise<Uint8Array | string> =>
  answerOf(async () => (await key.wrapKey(hex(msg))).encryptedKey);

const unwrap = (key: KeyEncryptionKey, { ct }: Case, algorithm: string): Promise<Uint8Array | string> =>
  answerOf(() => key.unwrapKey(hex(ct), algorithm));

/** The bytes, or the code of our error; any other error is rethrown. */
async function answerOf(act: () => Promise<Uint8Array>): Promise<Uint8Array | string> {
  try {
    return await act();
  } catch (error) {
    if (isEncryptedStorageError(error)) return error.code;
    throw error;
  }
}

const refusal = (answer: Uint8Array | string): string | null =>
  answer === 'KEY_UNWRAP_FAILED' ? null : `is accepted: ${String(answer)}`;

function acceptance(answer: Uint8Array | string, { msg }: Case): string | null {
  if (typeof answer === 'string') return `is refused: ${answer}`;
  return hex(msg).equals(answer) ? null : 'unwraps to other bytes';
}

function takenKeys(makeKey: () => unknown): string[] {
  try {
    makeKey();
  } catch (error) {
    if (error instanceof InvalidOptionsError) return [];
    throw error;
  }
  return ['a key below 2048 bits is accepted'];
}
