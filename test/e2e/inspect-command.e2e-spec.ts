/** The command as a user runs it: a separate process with its output and exit codes. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createService } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AesKeyEncryptionKey, type EncryptedBlockBlobClient } from 'nestjs-azure-encrypted-storage';
import { PACKAGE_VERSION } from '../../src/version.js';
import { connectionString } from '../support/azurite.js';
import { containersFor, policyOf } from '../support/blobs.js';
import { type Command, compileCommand } from '../support/command.js';

const keyBase64 = Buffer.alloc(32, 3).toString('base64');
const keyEncryptionKey = AesKeyEncryptionKey.fromBase64('inspected:key', keyBase64);
const plaintext = 'what no inspection may print';
const env = { AZURE_STORAGE_CONNECTION_STRING: connectionString(), CLINIC_KEY: keyBase64 };

let command: Command;
let blob: EncryptedBlockBlobClient;
let plainBlob: (name: string, metadata: Record<string, string>) => Promise<unknown>;
let path: string;
beforeAll(async () => {
  command = compileCommand();
  const [container] = await containersFor(policyOf('2.0', { keyEncryptionKey }));
  blob = container.getBlockBlobClient('folder/a scan');
  plainBlob = (name, metadata) => container.unencryptedClient.getBlockBlobClient(name).upload('x', 1, { metadata });
  path = `${container.containerName}/folder/a scan`;
  await blob.uploadData(Buffer.from(plaintext));
});

describe('the command', () => {
  it('exits with 0 if nothing is wrong, and prints text', async () => {
    const { code, stdout, stderr } = await command.run(['inspect', 'blob', path], env);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^blob \w+ \S+ folder\/a scan\n/);
    expect(stdout).toMatch(/^ {2}protocol +2\.0$/m);
    expect(stdout).toMatch(/^ {2}key id +inspected:key$/m);
    expect(stdout).toMatch(/^ {2}plaintext bytes +28$/m);
    expect(stdout).toMatch(/^ {2}anomalies +none$/m);
  });

  it.each([[['--key-base64-env', 'CLINIC_KEY']], [['--key-base64-env', 'CLINIC_KEY', '--key-id', 'inspected:key']]])(
    'verifies with %j, and prints neither plaintext nor key',
    async (keyArguments) => {
      const text = await command.run(['inspect', 'blob', path, ...keyArguments], env);
      const json = await command.run(['inspect', 'blob', path, '--json', ...keyArguments], env);

      expect([text.code, json.code]).toEqual([0, 0]);
      expect(text.stdout).toMatch(/^ {2}verification +decrypts to 28 bytes$/m);
      expect(JSON.parse(json.stdout)).toMatchObject({
        inspected: { kind: 'blob', blob: 'folder/a scan' },
        findings: [{ anomalies: [], verification: { verified: true, plaintextBytes: 28 } }],
      });
      for (const secret of [plaintext, keyBase64, 'AccountKey']) {
        expect(text.stdout + text.stderr + json.stdout + json.stderr).not.toContain(secret);
      }
    },
  );

  /** Inspects with the policy of a module that also has these members. */
  async function inspectedWith(members: string, inspected: string) {
    const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
    const config = join(folder, 'inspect.config.mjs');
    const home = pathToFileURL(join(dirname(command.main), '..', 'index.js')).href;
    writeFileSync(
      config,
      `import { AesKeyEncryptionKey } from '${home}';
       const key = AesKeyEncryptionKey.fromBase64('inspected:key', '${keyBase64}');
       export const policy = { ${members}, requireEncryption: true, keyResolver: async () => key };`,
    );
    const result = await command.run(['inspect', 'blob', inspected, '--config', config], env);
    rmSync(folder, { recursive: true });
    return result;
  }

  it('verifies with the policy of a module, regardless of its keys and the protocols it reads', async () => {
    const { code, stdout, stderr } = await inspectedWith("protocol: '2.0', readProtocols: ['2.1']", path);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ {2}verification +decrypts to 28 bytes$/m);
  });

  it('verifies the integrity entries even if the policy of the module does not', async () => {
    const [container] = await containersFor(policyOf('1.0', { keyEncryptionKey }));
    await container.getBlockBlobClient('changed').uploadData(Buffer.alloc(64));
    const { unencryptedClient: stored } = container.getBlockBlobClient('changed');
    const { metadata } = await stored.getProperties();
    const bytes = await stored.downloadToBuffer();
    bytes[0]! ^= 1;
    await stored.uploadData(bytes, { metadata });

    const { code, stdout } = await inspectedWith(
      "protocol: '1.0', integrity: 'off'",
      `${container.containerName}/changed`,
    );

    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}verification +FAILED: DECRYPTION_FAILED: /m);
  });

  it('exits with 1 for a wrong key and for anomalies', async () => {
    const wrongKey = { ...env, CLINIC_KEY: Buffer.alloc(32, 4).toString('base64') };
    await plainBlob('plain', {});

    const failed = await command.run(['inspect', 'blob', path, '--key-base64-env', 'CLINIC_KEY'], wrongKey);
    const odd = await command.run(['inspect', 'blob', `${blob.containerName}/plain`], env);

    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^ {2}verification +FAILED: KEY_UNWRAP_FAILED: /m);
    expect(odd.code).toBe(1);
    expect(odd.stdout).toMatch(/^ {2}ANOMALY +NOT_ENCRYPTED: /m);
  });

  it('escapes stored text, which cannot control the terminal', async () => {
    const { metadata } = await blob.unencryptedClient.getProperties();
    const text = metadata!['encryptiondata']!.replace('inspected:key', '\\u001b[2J\\u202egone');
    await plainBlob('steering', { encryptiondata: text });

    const { stdout } = await command.run(['inspect', 'blob', `${blob.containerName}/steering`], env);
    const json = await command.run(['inspect', 'blob', `${blob.containerName}/steering`, '--json'], env);

    expect(stdout).toContain('\\u001b[2J\\u202egone');
    for (const steering of ['\u001b', '\u202e']) expect(stdout + json.stdout).not.toContain(steering);
    expect(JSON.parse(json.stdout)).toMatchObject({ findings: [{ facts: { keyId: '\u001b[2J\u202egone' } }] });
  });
});

describe('wrong usage', () => {
  it.each([
    [['inspect'], /use blob/],
    [['look', 'queue', 'q'], /the command is "inspect" or "maintain"/],
    [['inspect', 'blob', 'no-slash'], /<container>\/<name>/],
    [['inspect', 'entity', 't', 'p'], /entity <table>/],
    [['inspect', 'queue', 'q', '--messages', '33'], /from 1 to 32/],
    [['inspect', 'queue', 'q', '--nonces', 'x'], /from 1 to 10000/],
    [['inspect', 'queue', 'q', '--key', 'AAAA'], /'--key'/],
    [['inspect', 'queue', 'q', '--key-id', 'k'], /--key-id needs a key/],
    [['inspect', 'queue', 'q', '--key-base64-env', 'NO_SUCH'], /no environment variable NO_SUCH/],
    [['inspect', 'queue', 'q', '--key-base64-env', keyBase64], /^there is no such environment variable: give its name/],
    [['inspect', 'queue', 'q', '--key-base64-env', 'CLINIC_KEY', '--pem-file', 'x'], /only one of/],
    [['inspect', 'queue', 'q', '--pem-file', '/no/such/file'], /the key cannot be used/],
    [['inspect', 'queue', 'q', '--key-base64-env', 'PATH'], /base64/],
    [['inspect', 'queue', 'q', '--connection-string', 'AccountKey=secret'], /connection string cannot be used/],
  ])('%j exits with 2 and explains why', async (args, reason) => {
    const { code, stdout, stderr } = await command.run(args, env);

    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('AccountKey=secret');
  });

  it('reports all faults at once, including the missing connection', async () => {
    const { code, stderr } = await command.run(['inspect', 'queue', 'q', '--messages', '0', '--key-id', 'k']);

    expect(code).toBe(2);
    expect(stderr).toMatch(/AZURE_STORAGE_CONNECTION_STRING.*needs a key.*--messages/s);
  });

  it('is explained by --help, which exits with 0', async () => {
    const help = await command.run(['--help']);
    const version = await command.run(['--version']);

    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toContain('Exit codes: 0 no anomalies');
    expect(version.stdout).toBe(`${PACKAGE_VERSION}\n`);
  });
});

describe('a failed request', () => {
  it('exits with 3 and prints the code of the service', async () => {
    const { code, stdout, stderr } = await command.run(['inspect', 'blob', `${blob.containerName}/absent`], env);

    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toBe('The request failed: BlobNotFound 404\n');
  });

  it('exits with 3 if nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const nobody = connectionString().replace(/(Endpoint=http:\/\/127\.0\.0\.1):\d+/g, `$1:${port}`);

    const { code, stderr } = await command.run(['inspect', 'queue', 'some-queue', '--connection-string', nobody]);

    expect(code).toBe(3);
    expect(stderr).toContain('ECONNREFUSED');
  });

  it('exits with 3 and escapes the code of the error', async () => {
    const server = createService((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/xml' });
      response.end('<?xml version="1.0"?><Error><Code>Odd\u001b[2J</Code><Message>no</Message></Error>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const refusing = connectionString().replace(/(Endpoint=http:\/\/127\.0\.0\.1):\d+/g, `$1:${port}`);

    const { code, stderr } = await command.run(['inspect', 'queue', 'some-queue', '--connection-string', refusing]);
    server.close();

    expect([code, stderr]).toEqual([3, 'The request failed: Odd\\u001b[2J 400\n']);
  });
});
