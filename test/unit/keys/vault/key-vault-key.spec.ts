import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { InvalidOptionsError } from '../../../../src/errors/input.js';
import { KeyUnavailableError } from '../../../../src/errors/keys.js';
import type { EncryptionTarget, KeyEncryptionKey, KeyWrapAlgorithm } from '../../../../src/keys/key-encryption-key.js';
import type { CryptographyClientLike } from '../../../../src/keys/vault/cryptography-client.js';
import { KeyVaultKeyEncryptionKey } from '../../../../src/keys/vault/key-vault-key.js';
import { keyVaultKeyResolver } from '../../../../src/keys/vault/key-vault-key-resolver.js';
import { expectCode } from '../../../contract/key-encryption-key.contract.js';
import { pacesOf, VaultTime } from '../../../support/vault-policies.js';
import { LocalCryptographyClient, RestError } from '../../../contract/local-cryptography-client.js';

const KEY = 'https://clinic.vault.azure.net/keys/records';
const [OLD, NEW] = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'];
const TARGET: EncryptionTarget = { kind: 'queue', account: 'a', queue: 'q' };
const CONTENT = randomBytes(32);

const oldKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const newKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const vaultClient = (keyId: string) => {
  const isOld = keyId.endsWith(OLD);
  return new LocalCryptographyClient(keyId, { privateKey: isOld ? oldKey : newKey, version: isOld ? OLD : NEW });
};
const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.catch((reason: unknown) => reason);

/** A client that records its calls and always gives the same answer. */
class AnsweringClient implements CryptographyClientLike {
  readonly keyID = `${KEY}/${NEW}`;
  readonly asked: unknown[][] = [];

  constructor(private readonly answer: () => { result: Uint8Array; keyID?: string }) {}

  async wrapKey(...call: unknown[]) {
    this.asked.push(call);
    return this.answer();
  }

  async unwrapKey(...call: unknown[]) {
    this.asked.push(call);
    return this.answer();
  }
}
const failing = (failure: unknown) =>
  new AnsweringClient(() => {
    throw failure;
  });

describe('KeyVaultKeyEncryptionKey', () => {
  it('stores the id of the version that its client was created for', async () => {
    const key = new KeyVaultKeyEncryptionKey(vaultClient(`${KEY}/${OLD}`));

    const wrapped = await key.wrapKey(CONTENT);

    expect(wrapped).toMatchObject({ keyId: `${KEY}/${OLD}`, algorithm: 'RSA-OAEP' });
    expect(key.keyId).toBe(`${KEY}/${OLD}`);
  });

  it.each([KEY, `${KEY}/`])(
    'does not write through a client without a version (%s), and explains what to use',
    async (id) => {
      const client = Object.assign(new AnsweringClient(() => ({ result: randomBytes(256), keyID: `${KEY}/${NEW}` })), {
        keyID: id,
      });
      const key = new KeyVaultKeyEncryptionKey(client);
      client.keyID = `${KEY}/${NEW}`;

      const error = await rejection(key.wrapKey(CONTENT));

      expect(error).toBeInstanceOf(InvalidOptionsError);
      expect(String(error)).toMatch('use the option "keyVault"');
      expect(client.asked).toEqual([]);
    },
  );

  it.each(['RSA-OAEP', 'A256KW'] as const)(
    'does not write %s through a client of the SDK that fetched a version only for its id',
    async (algorithm) => {
      const client = Object.assign(new AnsweringClient(() => ({ result: randomBytes(256) })), {
        remoteProvider: { version: '' },
      });

      await expectCode(new KeyVaultKeyEncryptionKey(client, { algorithm }).wrapKey(CONTENT), 'INVALID_OPTIONS');
    },
  );

  it('uses the id of the client if the answer has none', async () => {
    const key = new KeyVaultKeyEncryptionKey(new AnsweringClient(() => ({ result: randomBytes(256) })));

    expect((await key.wrapKey(CONTENT)).keyId).toBe(`${KEY}/${NEW}`);
  });

  it.each([
    ['RSA', 'RSA-OAEP'],
    ['RSA-OAEP', 'RSA-OAEP'],
    ['RSA-OAEP-256', 'RSA-OAEP-256'],
    ['A128KW', 'A128KW'],
    ['A192KW', 'A192KW'],
    ['A256KW', 'A256KW'],
  ])('asks the vault to unwrap %s as %s, with the options of the call', async (stored, asked) => {
    const client = new AnsweringClient(() => ({ result: CONTENT }));
    const options = { tracingOptions: {} };

    await new KeyVaultKeyEncryptionKey(client).unwrapKey(randomBytes(40), stored, options);

    expect(client.asked).toEqual([[asked, expect.any(Uint8Array), options]]);
  });

  it.each(['RSA1_5', 'A128CBC', 'CKM_AES_KEY_WRAP', '', 'rsa'])('never asks the vault for %j', async (algorithm) => {
    const client = new AnsweringClient(() => ({ result: CONTENT }));
    const key = new KeyVaultKeyEncryptionKey(client);

    await expectCode(key.unwrapKey(randomBytes(256), algorithm), 'KEY_ALGORITHM_NOT_ALLOWED');
    expect(() => new KeyVaultKeyEncryptionKey(client, { algorithm: algorithm as KeyWrapAlgorithm })).toThrow(
      InvalidOptionsError,
    );
    expect(client.asked).toEqual([]);
  });

  it('does not write the alias RSA', () => {
    const options = { algorithm: 'RSA' as KeyWrapAlgorithm };

    expect(() => new KeyVaultKeyEncryptionKey(vaultClient(KEY), options)).toThrow(InvalidOptionsError);
  });

  it('prefers the id that it is given to that of its client', () => {
    const anonymous = { ...new AnsweringClient(() => ({ result: CONTENT })), keyID: undefined };
    const client = anonymous as unknown as CryptographyClientLike;

    expect(() => new KeyVaultKeyEncryptionKey(client)).toThrow(InvalidOptionsError);
    expect(new KeyVaultKeyEncryptionKey(client, { keyId: 'local' }).keyId).toBe('local');
    expect(new KeyVaultKeyEncryptionKey(vaultClient(KEY), { keyId: 'local' }).keyId).toBe('local');
  });

  it.each([503, 429, undefined])('is unavailable if the vault fails with status %j', async (statusCode) => {
    const failure = new RestError('busy', statusCode === undefined ? {} : { statusCode });
    const key = new KeyVaultKeyEncryptionKey(failing(failure), {}, { paces: pacesOf(new VaultTime()) });

    const errors = [await rejection(key.wrapKey(CONTENT)), await rejection(key.unwrapKey(CONTENT, 'RSA-OAEP'))];

    for (const error of errors) {
      expect(error).toBeInstanceOf(KeyUnavailableError);
      expect((error as KeyUnavailableError).cause).toMatchObject({ name: 'RestError', message: 'busy' });
    }
  });

  it('waits after a 429 response, and tries again', async () => {
    const time = new VaultTime();
    const paces = pacesOf(time);
    let asked = 0;
    const client = new AnsweringClient(() => {
      asked += 1;
      if (asked <= 2) throw new RestError('busy', { statusCode: 429 });
      return { result: CONTENT };
    });
    const key = keyVaultKeyResolver({ client: () => client, allow: () => true }, { paces })(`${KEY}/${NEW}`, TARGET);

    await (key as KeyEncryptionKey).unwrapKey(CONTENT, 'RSA-OAEP');

    expect(time.slept).toEqual([1000, 2000]);
  });

  it.each([
    [400, 'KEY_WRAP_FAILED', 'KEY_UNWRAP_FAILED'],
    [401, 'KEY_ACCESS_DENIED', 'KEY_ACCESS_DENIED'],
    [403, 'KEY_ACCESS_DENIED', 'KEY_ACCESS_DENIED'],
    [404, 'KEY_DELETED', 'KEY_DELETED'],
  ])('fails with a cause if the vault rejects with status %j', async (statusCode, onWrap, onUnwrap) => {
    const key = new KeyVaultKeyEncryptionKey(failing(new RestError('no', { statusCode })));

    const cause = { statusCode };
    expect(await rejection(key.wrapKey(CONTENT))).toMatchObject({ code: onWrap, cause });
    expect(await rejection(key.unwrapKey(CONTENT, 'RSA'))).toMatchObject({ code: onUnwrap, cause });
  });

  it('passes an abort on unchanged', async () => {
    const key = new KeyVaultKeyEncryptionKey(vaultClient(`${KEY}/${NEW}`));
    const abortSignal = AbortSignal.abort();

    expect(await rejection(key.wrapKey(CONTENT, { abortSignal }))).toMatchObject({ name: 'AbortError' });
    expect(await rejection(key.unwrapKey(CONTENT, 'RSA', { abortSignal }))).toMatchObject({ name: 'AbortError' });
  });

  it.each([new Uint8Array(), undefined, 'text'])('does not accept %j as bytes', async (result) => {
    const key = new KeyVaultKeyEncryptionKey(new AnsweringClient(() => ({ result: result as Uint8Array })));

    await expectCode(key.wrapKey(CONTENT), 'KEY_WRAP_FAILED');
    await expectCode(key.unwrapKey(randomBytes(256), 'RSA-OAEP'), 'KEY_UNWRAP_FAILED');
  });

  it.each([0, 1025, 1_000_000])('does not call the vault for %d wrapped bytes', async (length) => {
    const client = new AnsweringClient(() => ({ result: CONTENT }));
    const key = new KeyVaultKeyEncryptionKey(client);

    await expectCode(key.unwrapKey(new Uint8Array(length), 'A256KW'), 'KEY_UNWRAP_FAILED');

    expect(client.asked).toEqual([]);
  });

  it('does not leave content keys in the shared buffer pool', async () => {
    const pooled = Buffer.from(CONTENT);
    const key = new KeyVaultKeyEncryptionKey(new AnsweringClient(() => ({ result: pooled })));

    const contentKey = await key.unwrapKey(randomBytes(256), 'RSA-OAEP');

    expect(Buffer.from(contentKey)).toEqual(CONTENT);
    expect(contentKey.buffer.byteLength).toBe(CONTENT.length);
    expect(pooled).toEqual(Buffer.alloc(CONTENT.length));
  });

  it('prints its id and algorithm, and nothing of its client', () => {
    const client = Object.assign(vaultClient(KEY), { credential: 'token-of-the-service' });
    const key = new KeyVaultKeyEncryptionKey(client);

    expect(JSON.stringify(key)).toBe(JSON.stringify({ keyId: KEY, algorithm: 'RSA-OAEP' }));
    expect(inspect(key, { showHidden: true, depth: 9 })).not.toContain('token-of-the-service');
  });
});

describe('keyVaultKeyResolver', () => {
  const allow = (keyId: string) => keyId.startsWith(`${KEY}/`);

  it('finds the version that wrapped, even after the key was rotated', async () => {
    const wrappedThen = await new KeyVaultKeyEncryptionKey(vaultClient(`${KEY}/${OLD}`)).wrapKey(CONTENT);
    const wrappedNow = await new KeyVaultKeyEncryptionKey(vaultClient(`${KEY}/${NEW}`)).wrapKey(CONTENT);
    const resolve = keyVaultKeyResolver({ client: vaultClient, allow });

    for (const { keyId, algorithm, encryptedKey } of [wrappedThen, wrappedNow]) {
      const key = (await resolve(keyId, TARGET)) as KeyEncryptionKey;
      expect(key.keyId).toBe(keyId);
      expect(Buffer.from(await key.unwrapKey(encryptedKey, algorithm))).toEqual(CONTENT);
    }
    expect(wrappedThen.keyId).not.toBe(wrappedNow.keyId);
  });

  it.each([
    'https://clinic.vault.azure.net.evil.example/keys/records/1',
    'https://evil.example/keys/records/1',
    'clinic-2025',
    '',
    `${KEY}/../other/${NEW}`,
    `${KEY}/a/b/c`,
    `${KEY}/${NEW}?x`,
  ])('returns null for %j without creating a client', (keyId) => {
    const asked: string[] = [];
    const client = (id: string) => {
      asked.push(id);
      return vaultClient(id);
    };

    expect(keyVaultKeyResolver({ client, allow })(keyId, TARGET)).toBeNull();
    expect(asked).toEqual([]);
  });

  it('creates one client for each key, and checks on each call whether the key is allowed', async () => {
    let clients = 0;
    let isAllowed = true;
    const client = (id: string) => {
      clients += 1;
      return vaultClient(id);
    };
    const resolve = keyVaultKeyResolver({ client, allow: () => isAllowed });

    const first = await resolve(`${KEY}/${OLD}`, TARGET);
    expect(await resolve(`${KEY}/${OLD}`, TARGET)).toBe(first);
    expect(await resolve(`${KEY}/${NEW}`, TARGET)).not.toBe(first);
    expect(clients).toBe(2);

    isAllowed = false;
    expect(await resolve(`${KEY}/${OLD}`, TARGET)).toBeNull();
  });

  it('does not treat a promise as a yes', () => {
    const allowLater = (async () => true) as unknown as (keyId: string) => boolean;

    expect(keyVaultKeyResolver({ client: vaultClient, allow: allowLater })(`${KEY}/${OLD}`, TARGET)).toBeNull();
  });

  it('gives a client without an id the requested id', async () => {
    const client = () => ({ ...new AnsweringClient(() => ({ result: CONTENT })), keyID: undefined });
    const resolve = keyVaultKeyResolver({ client: client as unknown as () => CryptographyClientLike, allow });

    expect(await resolve(`${KEY}/${OLD}`, TARGET)).toHaveProperty('keyId', `${KEY}/${OLD}`);
  });

  it('returns the key under the requested id if it was moved to another vault', async () => {
    const moved = `https://clinic2.vault.azure.net/keys/records/${OLD}`;
    const resolve = keyVaultKeyResolver({ client: () => vaultClient(moved), allow });

    expect(await resolve(`${KEY}/${OLD}`, TARGET)).toHaveProperty('keyId', `${KEY}/${OLD}`);
  });

  it('passes the parts of the id to the function that allows it', async () => {
    const seen: unknown[] = [];
    const resolve = keyVaultKeyResolver({ client: vaultClient, allow: (...asked) => seen.push(asked) > 0 });

    await resolve(`${KEY}/${OLD}`, TARGET);

    const keyId = `${KEY}/${OLD}`;
    expect(seen).toEqual([
      [keyId, { keyId, vaultUrl: 'https://clinic.vault.azure.net', name: 'records', version: OLD }],
    ]);
  });

  it('cannot be created without either function, and names both', () => {
    const make = () => keyVaultKeyResolver({} as Parameters<typeof keyVaultKeyResolver>[0]);

    expect(make).toThrow('"client"');
    expect(make).toThrow('"allow"');
    expect(make).toThrow(InvalidOptionsError);
  });
});
