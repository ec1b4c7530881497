/** The keys of the command `maintain`: in files, in variables, and in a vault (with the real SDK clients). */
import { jest } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as sdk from '@azure/keyvault-keys';
import {
  AesKeyEncryptionKey,
  EncryptedContainerClient,
  type EncryptionPolicy,
  KeyVaultKeys,
  type KeyVaultSdk,
  RsaKeyEncryptionKey,
} from 'nestjs-azure-encrypted-storage';
import { connectionString } from '../support/azurite.js';
import { containersFor, policyOf } from '../support/blobs.js';
import { type Command, compileCommand } from '../support/command.js';
import { InProcessVault, refusal } from '../support/in-process-vault.js';
import { serveVault, type VaultServer } from '../support/vault-server.js';

const [AES, NEWEST] = [5, 6].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string];
/** In milliseconds. Each test starts its own processes. */
const TIMEOUT = 180_000;
const PEM = readFileSync('test/vectors/rsa-2048.pem', 'utf8');

jest.setTimeout(TIMEOUT);

let command: Command;
let folder: string;
beforeAll(() => {
  command = compileCommand();
  folder = mkdtempSync(join(tmpdir(), 'maintain-keys-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const inFile = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const run = (container: EncryptedContainerClient, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  command.run(['maintain', ...args, '--container', container.containerName, '--no-state', '--json'], {
    AZURE_STORAGE_CONNECTION_STRING: connectionString(),
    ...env,
  });
const textOf = async (container: EncryptedContainerClient) =>
  String(await container.getBlockBlobClient('one').downloadToBuffer());

it('leaves keys in turn: an AES key in a file, an RSA key in a PEM file, an AES key in a variable', async () => {
  const keys = [
    AesKeyEncryptionKey.fromBase64('clinic:2025', AES),
    RsaKeyEncryptionKey.fromPem('clinic:2026', PEM),
    AesKeyEncryptionKey.fromBase64('clinic:2027', NEWEST),
  ];
  const containers = await containersFor(...keys.map((keyEncryptionKey) => policyOf('2.1', { keyEncryptionKey })));
  const [first, second, third] = containers as [
    EncryptedContainerClient,
    EncryptedContainerClient,
    EncryptedContainerClient,
  ];
  await first.getBlockBlobClient('one').uploadData('one');
  const pem = `clinic:2026=pem:${inFile('rsa.pem', PEM)}`;

  const toRsa = await run(first, [
    ...['rewrap', '--retire', 'clinic:2025', '--verify', 'content'],
    ...['--old-key', `clinic:2025=file:${inFile('aes', `${AES}\n`)}`, '--new-key', pem],
  ]);
  expect([toRsa.code, await textOf(second)]).toEqual([0, 'one']);

  const toAes = await run(
    first,
    [
      're-encrypt',
      '--retire',
      'clinic:2026',
      '--old-key',
      pem,
      '--new-key',
      'clinic:2027=env:NEWEST',
      '--verify',
      'read-back',
    ],
    { NEWEST },
  );
  expect([toAes.code, await textOf(third)]).toEqual([0, 'one']);
  expect(JSON.stringify([toRsa, toAes])).not.toMatch(/BwcH|PRIVATE|BgYG|BQUF/);
});

describe('in a vault', () => {
  let vault: InProcessVault;
  let server: VaultServer;
  let older: string;
  let container: EncryptedContainerClient;
  beforeEach(async () => {
    vault = new InProcessVault();
    older = vault.rotate('records');
    server = await serveVault(vault);
    [container] = await containersFor(policy());
    await container.getBlockBlobClient('one').uploadData('one');
  });
  afterEach(() => server.stop());

  /** With a new client that has no cached keys. */
  const policy = (): EncryptionPolicy => ({
    protocol: '2.1',
    requireEncryption: true,
    keyVault: new KeyVaultKeys(vault.options('records'), sdk as unknown as KeyVaultSdk),
  });
  /** Like the module in docs/rotating.md, through the proxy in front of the vault. */
  function config(): readonly string[] {
    const core = pathToFileURL(join(dirname(command.main), '..', 'core.js')).href;
    const { port } = new URL(server.proxy);
    const text = `import { KeyVaultKeys, loadKeyVaultSdk } from ${JSON.stringify(core)};
      const credential = { getToken: async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3600000 }) };
      const clientOptions = { proxyOptions: { host: 'http://127.0.0.1', port: ${port} }, retryOptions: { maxRetries: 0 } };
      const key = ${JSON.stringify(vault.idOf('records'))};
      const keyVault = new KeyVaultKeys({ key, credential, clientOptions }, await loadKeyVaultSdk());
      export const policy = { protocol: '2.1', requireEncryption: true, keyVault };`;
    return ['--config', inFile('vault.config.mjs', text)];
  }
  const trusting = () => ({ NODE_EXTRA_CA_CERTS: server.certificate });
  const unwraps = (keyId: string) =>
    vault.requests.filter(({ operation, version }) => operation === 'unwrapkey' && keyId.endsWith(version)).length;

  it('leaves a version: the old one unwraps, and the new one checks', async () => {
    const newer = vault.rotate('records');
    vault.requests.length = 0;

    const { code, stdout } = await run(container, ['rewrap', '--retire-all-but', newer, ...config()], trusting());

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcomes: { done: 1 },
      census: { entries: [{ keyId: newer, count: 1 }] },
    });
    expect([unwraps(older), unwraps(newer)]).toEqual([1, 2]);
    vault.disable(older);
    expect(await textOf(new EncryptedContainerClient(container.unencryptedClient, policy()))).toBe('one');
  });

  it('ends with the code of a key that refuses, and changes nothing', async () => {
    vault.rotate('records');
    vault.fault = ({ operation }) => (operation === 'unwrapkey' ? refusal(403, 'Forbidden') : undefined);

    const refused = await run(container, ['rewrap', '--retire', older, '--patience', '0', ...config()], trusting());

    expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/KEY_ACCESS_DENIED/)]);
    vault.fault = () => undefined;
    const census = await run(container, ['census', '--retire', older]);
    expect(JSON.parse(census.stdout)).toMatchObject({ census: { entries: [{ keyId: older, count: 1 }] } });
  });
});
