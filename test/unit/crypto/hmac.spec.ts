import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { deriveBytes, hmac, macUnderDerivedKey, ShortMacs } from '../../../src/crypto/hmac.js';

const reference = (key: Uint8Array, input: Uint8Array): Buffer => createHmac('sha256', key).update(input).digest();

/** RFC 4231, 4.2 to 4.6 without the truncated one, and 4.8 cut to keys of at most a block. */
const KNOWN = [
  ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '4a656665',
    '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [
    '0102030405060708090a0b0c0d0e0f10111213141516171819',
    'cd'.repeat(50),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
] as const;

describe('MACs of short inputs', () => {
  it.each(KNOWN)('under %s are those of RFC 4231', (key, input, mac) => {
    const macs = new ShortMacs(Buffer.from(key, 'hex'));

    expect(macs.of(Buffer.from(input, 'hex')).toString('hex')).toBe(mac);
  });

  it.each([0, 1, 31, 32, 33, 63, 64])(
    'under a key of %i bytes are those of an HMAC object, at any length',
    (length) => {
      const key = randomBytes(length);
      const macs = new ShortMacs(key);
      for (const size of [0, 1, 55, 56, 63, 64, 65, 511, 512, 513, 4096, 65_536]) {
        const input = randomBytes(size);
        expect(macs.of(input)).toEqual(reference(key, input));
      }
    },
  );

  it('are never those of an input before it', () => {
    const key = randomBytes(32);
    const macs = new ShortMacs(key);
    const [long, short] = [randomBytes(300), randomBytes(3)];

    const [first, second] = [macs.of(long), macs.of(short)];

    expect(first).toEqual(reference(key, long));
    expect(second).toEqual(reference(key, short));
  });

  it('refuse a key that is to be hashed first', () => {
    expect(() => new ShortMacs(randomBytes(65))).toThrow(RangeError);
  });

  it('take a copy of the key, and leave nothing of it when they are closed', () => {
    const key = randomBytes(32);
    const before = Buffer.from(key);
    const macs = new ShortMacs(key);
    key.fill(0);
    expect(macs.of(Buffer.from('x'))).toEqual(reference(before, Buffer.from('x')));

    macs.close();

    const kept = Object.values(macs as unknown as Record<string, unknown>).filter(Buffer.isBuffer);
    expect(kept.length).toBeGreaterThan(0);
    for (const bytes of kept) expect(bytes.equals(Buffer.alloc(bytes.length))).toBe(true);
  });
});

it('the MAC under a derived key is that of the derived bytes', () => {
  const key = randomBytes(32);
  const derived = deriveBytes(key, 'label/v1');

  expect(macUnderDerivedKey(createSecretKey(key), 'label/v1', 'text')).toEqual(hmac(derived, 'text'));
  expect(derived).toEqual(reference(key, Buffer.from('label/v1\x01')));
});
