import { inspect } from 'node:util';
import { AesKeyEncryptionKey } from '../../../src/keys/aes-key-encryption-key.js';
import { keyIdFaults } from '../../../src/keys/built-in-key.js';

describe('keyIdFaults', () => {
  it.each(['k', ' ', 'https://vault/keys/a/b', 'schlüssel\n"1"'])('finds nothing wrong with %j', (keyId) => {
    expect(keyIdFaults(keyId)).toEqual([]);
  });

  it.each(['', undefined, null, 7, {}, ['k']])('rejects %j', (keyId) => {
    expect(keyIdFaults(keyId)).toHaveLength(1);
  });

  it('does not quote a value given as an id', () => {
    const secret = Buffer.from('a key in the wrong place');

    expect(keyIdFaults(secret).join()).not.toContain('wrong place');
  });
});

describe('a built-in key', () => {
  const key = AesKeyEncryptionKey.generate('k1');

  it('serializes to JSON as its id and algorithm', () => {
    expect(JSON.stringify({ key })).toBe('{"key":{"keyId":"k1","algorithm":"A256KW"}}');
  });

  it('is logged as its class, id and algorithm', () => {
    expect(inspect(key)).toBe("AesKeyEncryptionKey { keyId: 'k1', algorithm: 'A256KW' }");
    expect(inspect({ deep: { key } }, { depth: 9, showHidden: true })).toContain(
      "{ keyId: 'k1', algorithm: 'A256KW' }",
    );
  });
});
