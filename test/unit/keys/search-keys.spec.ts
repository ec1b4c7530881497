import { createPrivateKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { HmacSearchKey } from '../../../src/keys/hmac-search-key.js';
import { searchKeysFaults, searchKeysFor } from '../../../src/keys/search-keys.js';

const bytes = Buffer.alloc(32, 7);
const base64 = bytes.toString('base64');
const invalid = expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error;

describe('a search key', () => {
  it('is the same from its text, with or without a line break, and from a key object', () => {
    const ids = [
      HmacSearchKey.fromBase64(base64),
      HmacSearchKey.fromBase64(`${base64}\n`),
      HmacSearchKey.fromKeyObject(createSecretKey(bytes)),
    ].map(({ keyId }) => keyId);

    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[\da-f]{6}$/);
  });

  it.each([
    '',
    base64.slice(1),
    base64.replace('=', ''),
    ` ${base64}`,
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
    undefined,
  ])('rejects the text %p without quoting it', (text) => {
    const make = () => HmacSearchKey.fromBase64(text as string);

    expect(make).toThrow(invalid);
    if (text !== undefined && text !== '') expect(make).not.toThrow(text);
  });

  it('rejects key objects of other types and lengths', () => {
    const { privateKey } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    } as never);

    for (const key of [
      createSecretKey(Buffer.alloc(16)),
      createPrivateKey(privateKey),
      bytes as never,
      undefined as never,
    ])
      expect(() => HmacSearchKey.fromKeyObject(key)).toThrow(invalid);
  });

  it('shows no bytes', () => {
    const shown = inspect(HmacSearchKey.fromBase64(base64), { depth: 5, showHidden: true });

    expect(shown).not.toContain(base64);
    expect(shown).not.toContain('07 07');
  });

  it('ignores the letter case of tables, as the service does, but not that of properties', () => {
    const key = HmacSearchKey.generate();
    const mac = (table: string, property: string) => key.mac({ table, property }, ['x']);

    expect(mac('Patients', 'ssn')).toBe(mac('pATIENTS', 'ssn'));
    expect(mac('patients', 'ssn')).not.toBe(mac('patients', 'SSN'));
  });
});

describe('search keys', () => {
  const [one, other] = [HmacSearchKey.generate(), HmacSearchKey.generate()];

  it.each<readonly [string, unknown, string]>([
    ['a single key instead of an object', one, '"keys"'],
    ['a string', base64, '"keys" must be an object'],
    ['no key that writes', { read: [one] }, 'HmacSearchKey'],
    ['an invalid older key', { write: one, read: [base64] }, 'HmacSearchKey'],
    ['older keys that are not a list', { write: one, read: other }, '"keys.read" must be a list'],
    ['the same key twice', { write: one, read: [other, one] }, 'twice'],
    ['an unknown name', { write: one, reads: [] }, '"keys.reads"'],
  ])('are rejected if given %s', async (_what, keys, text) => {
    expect(searchKeysFaults(keys, 'keys').join()).toContain(text);
    const target = { account: 'a', table: 't', partitionKey: 'p' };
    await expect(searchKeysFor(() => keys as never, target)).rejects.toThrow(invalid);
  });

  it('can be one key or several', async () => {
    const keys = { write: one, read: [other] };

    expect(searchKeysFaults({ write: one }, 'keys')).toEqual([]);
    expect(searchKeysFaults(keys, 'keys')).toEqual([]);
    const target = { account: 'a', table: 't', partitionKey: undefined };
    await expect(searchKeysFor((given) => (given === target ? keys : { write: other }), target)).resolves.toBe(keys);
  });
});
