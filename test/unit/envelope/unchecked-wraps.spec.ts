import { uncheckedWraps } from '../../../src/envelope/maintenance/unchecked-wraps.js';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import type { EncryptionPolicy } from '../../../src/envelope/encryption-policy.js';

const aes = AesKeyEncryptionKey.generate('clinic:2026');
const wrapOnly = {
  keyId: 'clinic:\u001b2026',
  canUnwrap: false,
  wrapKey: aes.wrapKey.bind(aes),
  unwrapKey: aes.unwrapKey.bind(aes),
};
const rewrap = { do: 'rewrap', retire: ['clinic:2025'] } as const;
const policy = (keyEncryptionKey: EncryptionPolicy['keyEncryptionKey']): EncryptionPolicy => ({
  ...{ protocol: '2.1', requireEncryption: true },
  ...(keyEncryptionKey === undefined ? {} : { keyEncryptionKey }),
});

it('a rewrap under a key that cannot unwrap causes a warning with its id', () => {
  expect(uncheckedWraps(policy(wrapOnly), rewrap)).toEqual([
    expect.stringContaining('key "clinic:\\u001b2026" cannot unwrap here'),
  ]);
});

it.each<[string, EncryptionPolicy, Parameters<typeof uncheckedWraps>[1]]>([
  ['a key that can unwrap', policy(aes), rewrap],
  ['keys that are chosen for each object', policy(() => wrapOnly), rewrap],
  ['no key', policy(undefined), rewrap],
  ['a task that wraps nothing', policy(wrapOnly), { do: 'census' }],
])('there is no warning with %s', (_what, given, task) => {
  expect(uncheckedWraps(given, task)).toEqual([]);
});
