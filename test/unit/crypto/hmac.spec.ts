import { createSecretKey, randomBytes } from 'node:crypto';
import { deriveBytes, hmac, macUnderDerivedKey, underDerivedKey, writeStoredMac } from '../../../src/crypto/hmac.js';

it('the MAC under a derived key equals the MAC under the derived bytes', () => {
  const key = randomBytes(32);
  const derived = deriveBytes(key, 'label/v1');

  expect(macUnderDerivedKey(createSecretKey(key), 'label/v1', 'text')).toEqual(hmac(derived, 'text'));
  expect(derived).toEqual(hmac(key, 'label/v1\x01'));
});

it.each([0, 1, 63, 64, 65, 4096])('the start of a MAC over %i bytes is written to the given position', (length) => {
  const key = createSecretKey(randomBytes(32));
  const input = randomBytes(length);
  const into = Buffer.alloc(40);

  expect(writeStoredMac(key, input, { into, at: 3, length: 20 })).toBe(23);

  expect(into).toEqual(Buffer.concat([Buffer.alloc(3), hmac(key, input).subarray(0, 20), Buffer.alloc(17)]));
});

it.each(['ends', 'throws'])('a derived key is wiped when the work %s', (how) => {
  let seen: Buffer = Buffer.alloc(0);
  const work = (derived: Uint8Array): void => {
    seen = derived as Buffer;
    expect(seen).not.toEqual(Buffer.alloc(32));
    if (how === 'throws') throw new RangeError(how);
  };
  const run = (): void => underDerivedKey(createSecretKey(randomBytes(32)), 'label/v1', work);

  if (how === 'throws') expect(run).toThrow(RangeError);
  else run();

  expect(seen).toEqual(Buffer.alloc(32));
});
