/** The tamper matrix: what is changed in stored content, and what comes of it. 1.0 cannot see changes of its ciphertext. */
import { runAll } from '../../src/crypto/byte-transform.js';
import { createEnvelope, openEnvelope } from '../../src/envelope/envelope.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { isEncryptedStorageError } from '../../src/errors.js';
import { formatEncryptionData, parseEncryptionData } from '../../src/wire/encryption-data.js';
import { content, policyOf } from '../support/blobs.js';

const REGION = 64;
const SIZE = 200;
const plaintext = content(SIZE);
const target = { kind: 'blob', account: 'a', container: 'c', blob: 'b' } as const;

interface Stored {
  readonly text: string;
  readonly sealed: Buffer;
}

const policies: Readonly<Record<'1.0' | '2.1', EncryptionPolicy>> = {
  '1.0': policyOf('1.0'),
  '2.1': policyOf('2.1', { regionLength: REGION }),
};

async function stored(policy: EncryptionPolicy): Promise<Stored> {
  const { encryptionData, sealer } = await createEnvelope(policy, { target, form: 'stream' });
  return { text: formatEncryptionData(encryptionData, 'blob'), sealed: runAll(sealer.seal(), plaintext) };
}

interface Outcome {
  readonly code: string;
  /** Bytes that came out before the error, or at all. */
  readonly released: Buffer;
}

async function read(policy: EncryptionPolicy, { text, sealed }: Stored): Promise<Outcome> {
  const released: Buffer[] = [];
  try {
    const opener = await openEnvelope(policy, parseEncryptionData(text), { target, form: 'stream' });
    const transform = opener.open(opener.layout.window({ offset: 0 }, sealed.length));
    for (const byte of sealed) released.push(...transform.push(Uint8Array.of(byte)));
    released.push(...transform.finish());
    return { code: 'none', released: Buffer.concat(released) };
  } catch (error) {
    return { code: isEncryptedStorageError(error) ? error.code : String(error), released: Buffer.concat(released) };
  }
}

const flip = (sealed: Buffer, at: number): Buffer => {
  const changed = Buffer.from(sealed);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
};
const region = (sealed: Buffer, index: number): Buffer =>
  sealed.subarray(index * (REGION + 28), (index + 1) * (REGION + 28));
const regions =
  (...order: number[]) =>
  ({ text, sealed }: Stored): Stored => ({
    text,
    sealed: Buffer.concat(order.map((index) => region(sealed, index))),
  });
const sealedAs =
  (change: (sealed: Buffer) => Buffer) =>
  ({ text, sealed }: Stored): Stored => ({ text, sealed: change(sealed) });
const textAs =
  (from: string | RegExp, to: string) =>
  ({ text, sealed }: Stored): Stored => ({
    text: text.replace(from, to),
    sealed,
  });

type Row = readonly [what: string, change: (stored: Stored) => Stored, code: string, mostReleased: number];

const both: readonly Row[] = [
  ['another key id', textAs('test:key', 'other'), 'KEY_NOT_FOUND', 0],
  ['another wrap algorithm', textAs('A256KW', 'A128KW'), 'KEY_ALGORITHM_NOT_ALLOWED', 0],
  ['RSA1_5', textAs('A256KW', 'RSA1_5'), 'KEY_ALGORITHM_NOT_ALLOWED', 0],
  ['a flipped wrapped key', textAs(/"EncryptedKey":"..../, '"EncryptedKey":"AAAA'), 'KEY_UNWRAP_FAILED', 0],
  ['an empty wrapped key', textAs(/"EncryptedKey":"[^"]+"/, '"EncryptedKey":""'), 'KEY_UNWRAP_FAILED', 0],
  [
    'a wrapped key that is no base64',
    textAs('"EncryptedKey":"', '"EncryptedKey":"*'),
    'INVALID_ENCRYPTION_METADATA',
    0,
  ],
  ['an unknown protocol', textAs(/"Protocol":"..."/, '"Protocol":"3.0"'), 'UNSUPPORTED_PROTOCOL', 0],
  [
    'cut encryption data',
    ({ text, sealed }) => ({ text: text.slice(0, -5), sealed }),
    'INVALID_ENCRYPTION_METADATA',
    0,
  ],
  ['encryption data that is a list', ({ sealed }) => ({ text: '[]', sealed }), 'INVALID_ENCRYPTION_METADATA', 0],
  ['encryption data that is empty', ({ sealed }) => ({ text: '', sealed }), 'INVALID_ENCRYPTION_METADATA', 0],
  ['an agent that is __proto__', textAs('"EncryptionAgent"', '"__proto__"'), 'INVALID_ENCRYPTION_METADATA', 0],
  ['nothing stored, and one byte', sealedAs((sealed) => sealed.subarray(0, 1)), 'DECRYPTION_FAILED', 0],
];

const matrix: Readonly<Record<'1.0' | '2.1', readonly Row[]>> = {
  '1.0': [
    ...both,
    ['the label of 2.0', textAs('"1.0"', '"2.0"'), 'UNSUPPORTED_PROTOCOL', 0],
    [
      'the label and algorithm of 2.0',
      textAs('"1.0","EncryptionAlgorithm":"AES_CBC_256"', '"2.0","EncryptionAlgorithm":"AES_GCM_256"'),
      'INVALID_ENCRYPTION_METADATA',
      0,
    ],
    [
      'an IV of 15 bytes',
      textAs(/"ContentEncryptionIV":"[^"]+"/, `"ContentEncryptionIV":"${Buffer.alloc(15).toString('base64')}"`),
      'INVALID_ENCRYPTION_METADATA',
      0,
    ],
    ['a cut in a block', sealedAs((sealed) => sealed.subarray(0, -3)), 'DECRYPTION_FAILED', 0],
    ['a flipped last block', sealedAs((sealed) => flip(sealed, sealed.length - 17)), 'DECRYPTION_FAILED', SIZE],
    ['a flipped middle: 1.0 cannot see it', sealedAs((sealed) => flip(sealed, 40)), 'none', SIZE],
    [
      'another IV: 1.0 cannot see it',
      textAs(/"ContentEncryptionIV":"[^"]+"/, `"ContentEncryptionIV":"${Buffer.alloc(16).toString('base64')}"`),
      'none',
      SIZE,
    ],
  ],
  '2.1': [
    ...both,
    ['the label of 2.0', textAs('"2.1"', '"2.0"'), 'DECRYPTION_FAILED', 0],
    ['the label of 1.0', textAs('"2.1"', '"1.0"'), 'UNSUPPORTED_PROTOCOL', 0],
    [
      'the label and algorithm of 1.0',
      textAs(
        /"2.1","EncryptionAlgorithm":"AES_GCM_256"},/,
        '"1.0","EncryptionAlgorithm":"AES_CBC_256"},"ContentEncryptionIV":"AAAAAAAAAAAAAAAAAAAAAA==",',
      ),
      'DECRYPTION_FAILED',
      0,
    ],
    ...['0', '-1', '2147483648', '1e400', '1.5', '"64"', 'null'].map((length): Row => [
      `DataLength ${length}`,
      textAs(/"DataLength":\d+/, `"DataLength":${length}`),
      'INVALID_ENCRYPTION_METADATA',
      0,
    ]),
    ['another DataLength', textAs(/"DataLength":\d+/, '"DataLength":65'), 'DECRYPTION_FAILED', 0],
    ['NonceLength 16', textAs('"NonceLength":12', '"NonceLength":16'), 'INVALID_ENCRYPTION_METADATA', 0],
    ['a flipped nonce', sealedAs((sealed) => flip(sealed, 0)), 'REGION_OUT_OF_ORDER', 0],
    ['a flipped first byte', sealedAs((sealed) => flip(sealed, 12)), 'DECRYPTION_FAILED', 0],
    ['a flipped tag', sealedAs((sealed) => flip(sealed, REGION + 27)), 'DECRYPTION_FAILED', 0],
    ['a flipped second region', sealedAs((sealed) => flip(sealed, REGION + 28 + 20)), 'DECRYPTION_FAILED', REGION],
    ['a cut in the last region', sealedAs((sealed) => sealed.subarray(0, -1)), 'DECRYPTION_FAILED', 3 * REGION],
    ['regions swapped', regions(1, 0, 2, 3), 'REGION_OUT_OF_ORDER', 0],
    ['a region doubled', regions(0, 0, 1, 2, 3), 'REGION_OUT_OF_ORDER', REGION],
    ['the first region missing', regions(1, 2, 3), 'REGION_OUT_OF_ORDER', 0],
    ['a middle region missing', regions(0, 2, 3), 'REGION_OUT_OF_ORDER', REGION],
    ['all but the last region missing', regions(3), 'REGION_OUT_OF_ORDER', 0],
    ['the last region missing: the format cannot tell', regions(0, 1, 2), 'none', 3 * REGION],
    ['everything missing: the format cannot tell', regions(), 'none', 0],
  ],
};

describe.each(Object.entries(matrix))('stored content of protocol %s', (version, rows) => {
  const policy = policies[version as keyof typeof policies];

  it('opens as it was stored', async () => {
    const { code, released } = await read(policy, await stored(policy));

    expect([code, released.equals(plaintext)]).toEqual(['none', true]);
  });

  it.each(rows)('with %s', async (_what, change, expectedCode, mostReleased) => {
    const before = await stored(policy);
    const after = change(before);
    expect(after.text === before.text && after.sealed.equals(before.sealed)).toBe(false);

    const { code, released } = await read(policy, after);

    expect(code).toBe(expectedCode);
    expect(released.length).toBeLessThanOrEqual(mostReleased);
    if (version === '2.1') expect(released.equals(plaintext.subarray(0, released.length))).toBe(true);
  });
});
