import { createSecretKey, randomBytes } from 'node:crypto';
import { deriveBytes, hmac, macUnderDerivedKey, storedMac } from '../../../src/crypto/hmac.js';

it('the MAC under a derived key is that of the derived bytes', () => {
  const key = randomBytes(32);
  const derived = deriveBytes(key, 'label/v1');

  expect(macUnderDerivedKey(createSecretKey(key), 'label/v1', 'text')).toEqual(hmac(derived, 'text'));
  expect(derived).toEqual(hmac(key, 'label/v1\x01'));
});

it.each([0, 1, 63, 64, 65, 4096])('a MAC over %i bytes that is stored is the MAC', (length) => {
  const key = createSecretKey(randomBytes(32));
  const input = randomBytes(length);

  expect(storedMac(key, input)).toEqual(hmac(key, input));
});
