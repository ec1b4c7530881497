import { createSecretKey, randomBytes } from 'node:crypto';
import { deriveBytes, hmac, macUnderDerivedKey } from '../../../src/crypto/hmac.js';

it('the MAC under a derived key is that of the derived bytes', () => {
  const key = randomBytes(32);
  const derived = deriveBytes(key, 'label/v1');

  expect(macUnderDerivedKey(createSecretKey(key), 'label/v1', 'text')).toEqual(hmac(derived, 'text'));
  expect(derived).toEqual(hmac(key, 'label/v1\x01'));
});
