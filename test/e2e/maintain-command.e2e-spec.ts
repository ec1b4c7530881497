/** The command `maintain` as a user runs it: a separate process with its output and exit codes. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import {
  AesKeyEncryptionKey,
  type EncryptedContainerClient,
  type MaintenanceReport,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { containersFor, policyOf } from '../support/blobs.js';
import { type Command, compileCommand } from '../support/command.js';

const [OLD_KEY, NEW_KEY] = [5, 6].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string];
const env = { AZURE_STORAGE_CONNECTION_STRING: connectionString(), OLD_KEY, NEW_KEY };
const KEYS = ['--new-key', 'clinic:2026=env:NEW_KEY', '--old-key', 'clinic:2025=env:OLD_KEY'];
const plaintext = 'what no report may print';

let command: Command;
let folder: string;
let old: EncryptedContainerClient;
let young: EncryptedContainerClient;
beforeAll(() => {
  command = compileCommand();
  folder = mkdtempSync(join(tmpdir(), 'maintain-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  [old, young] = await containersFor(
    policyOf('2.1', { keyEncryptionKey: AesKeyEncryptionKey.fromBase64('clinic:2025', OLD_KEY) }),
    policyOf('2.1', { keyEncryptionKey: AesKeyEncryptionKey.fromBase64('clinic:2026', NEW_KEY) }),
  );
  await old.getBlockBlobClient('<script>').uploadData(plaintext);
});

const maintain = (...args: string[]) => command.run(['maintain', ...args], env);
const rewrap = (...args: string[]) =>
  maintain('rewrap', '--retire', 'clinic:2025', '--container', old.containerName, ...KEYS, ...args);

describe('maintain', () => {
  it('previews the work in a dry run, does it, and then finds nothing left', async () => {
    const state = ['--state-container', uniqueName('state')];
    const dry = await rewrap('--dry-run');
    const real = await rewrap(...state);
    const again = await rewrap(...state, '--json');

    expect([dry.code, real.code, again.code]).toEqual([1, 0, 0]);
    expect(dry.stdout).toMatch(/Dry run: nothing was written/);
    expect(dry.stdout).toMatch(/May clinic:2025 be destroyed\? No\./);
    expect(real.stdout).toMatch(/^ {2}done +1$/m);
    expect(real.stdout).toMatch(/^ {2}clinic:2026 +2\.1 +\w+ +blob /m);
    expect(JSON.parse(again.stdout)).toMatchObject({
      outcomes: { same: 1 },
      census: { verdict: { mayDestroy: 'after' } },
    });
    expect(String(await young.getBlockBlobClient('<script>').downloadToBuffer())).toBe(plaintext);
    for (const secret of [plaintext, OLD_KEY, NEW_KEY, 'AccountKey']) {
      expect(JSON.stringify([dry, real, again])).not.toContain(secret);
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('says after %s how to continue, and then continues', async (signal) => {
    const args = ['--retire', 'clinic:2025', '--container', old.containerName, ...KEYS];
    const state = ['--state-container', uniqueName('state')];
    const slowly = ['maintain', 'rewrap', ...args, ...state, '--requests-per-second', '1', '--concurrency', '1'];
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => old.getBlockBlobClient(name).uploadData(plaintext)));

    const started = spawn(process.execPath, [command.main, ...slowly], { env });
    let stderr = '';
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('Working.') && !started.killed) started.kill(signal);
    });
    const [code] = (await once(started, 'close')) as [number];

    expect(code).toBe(3);
    expect(stderr).toMatch(/\nInterrupted: to continue, run the same command again\.\n$/);
    expect((await rewrap(...state)).code).toBe(0);
  });

  it('deletes a superseded snapshot, in a job that it names itself', async () => {
    await old.getBlockBlobClient('<script>').createSnapshot();
    const state = ['--state-container', uniqueName('state')];
    await rewrap(...state);
    const superseded = (...args: string[]) =>
      maintain('delete-superseded', '--retire', 'clinic:2025', '--container', old.containerName, ...KEYS, ...args);

    const dry = await superseded('--dry-run');
    const real = await superseded(...state);

    expect([dry.code, dry.stderr.includes('See --help')]).toEqual([1, false]);
    expect(dry.stdout).toMatch(/^Would be deleted/m);
    expect(real.code).toBe(0);
    expect(real.stdout).toMatch(/^ {2}deleted +1$/m);
  });

  it('does nothing if the page of its report cannot be written', async () => {
    const { code, stderr } = await rewrap('--no-state', '--html', join(folder, 'missing', 'rewrap.html'));

    expect(code).toBe(2);
    expect(stderr).toMatch(/--html cannot be written: ENOENT/);
    expect(String(await old.getBlockBlobClient('<script>').downloadToBuffer())).toBe(plaintext);
  });

  it('leaves no empty page for a rejected job, and keeps the page of an earlier one', async () => {
    const [fresh, earlier, link] = [join(folder, 'refused.html'), join(folder, 'earlier.html'), join(folder, 'link')];
    writeFileSync(earlier, 'an earlier report');
    symlinkSync(fresh, link);
    const answers = [
      await rewrap('--no-state', '--concurrency', '0', '--html', fresh),
      await rewrap('--no-state', '--concurrency', '0', '--html', earlier),
      await rewrap('--no-state', '--concurrency', '0', '--html', link),
    ];

    expect(answers.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(existsSync(fresh)).toBe(false);
    expect(readlinkSync(link)).toBe(fresh);
    expect(readFileSync(earlier, 'utf8')).toBe('an earlier report');
  });

  it('counts all containers, including the root and that of a website, which stay in plaintext', async () => {
    const service = BlobServiceClient.fromConnectionString(connectionString());
    const [root, web] = ['$root', '$web'].map((name) => service.getContainerClient(name)) as [
      ContainerClient,
      ContainerClient,
    ];
    await Promise.all([root.createIfNotExists(), web.createIfNotExists()]);
    await web.getBlockBlobClient('index.html').upload('<p>', 3);
    const all = ['--all-containers', '--json'];

    const census = await maintain('census', '--retire', 'clinic:2025', ...all);
    const dry = await maintain('re-encrypt', '--plaintext', '--dry-run', ...KEYS, ...all);

    const sources = (JSON.parse(census.stdout) as MaintenanceReport).census.entries.map(({ source }) => source);
    expect(sources).toEqual(expect.arrayContaining([`blobs ${old.containerName}`, 'blobs $web']));
    expect(census.stdout).toContain('nothing was seen in blobs $root');
    expect(dry.stdout).toContain('nothing was seen in blobs $root');
    expect(dry.stdout).not.toContain('$web');
    await Promise.all([root.delete(), web.delete()]);
  });

  it('with --json, prints a line of JSON for each event in addition to the report', async () => {
    const { code, stdout, stderr } = await rewrap('--no-state', '--json', '--job', 'mine');

    const events = stderr.trimEnd().split('\n');
    const kinds = events.map((line) => (JSON.parse(line) as { kind: string }).kind);
    const ofPass = ['started', 'shardStarted', 'shardDone', 'planned', 'finished'];
    // progress is also reported once a second
    expect(kinds.filter((kind) => kind === 'progress').length).toBeGreaterThanOrEqual(2);
    expect([code, kinds.filter((kind) => !['warning', 'progress'].includes(kind))]).toEqual([
      0,
      [...ofPass, ...ofPass],
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ job: 'mine', outcomes: { done: 1 } });
    expect(stderr).not.toContain(plaintext);
  });

  it('prints a line of JSON for each object that needed attention, escaped', async () => {
    const [state, name] = [['--state-container', uniqueName('state'), '--job', 'leave'], 'a\u2028b'];
    await old.getBlockBlobClient(name).uploadData(plaintext);
    const where = ['--retire', 'clinic:2025', '--container', old.containerName];
    expect((await maintain('rewrap', ...where, '--new-key', 'clinic:2026=env:NEW_KEY', ...state)).code).toBe(1);

    const { code, stdout } = await maintain('failures', ...state);

    expect([code, /[^\x20-\x7e\n]/.test(stdout)]).toEqual([1, false]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
      ['<script>', name].map((blob) => ({
        ...{ source: `blobs ${old.containerName}`, name: blob },
        ...{ outcome: 'keyMissing', code: 'KEY_NOT_FOUND' },
      })),
    );
    expect((await maintain('failures')).stderr).toMatch(/failures needs --job/);

    const ended = spawn(process.execPath, [command.main, 'maintain', 'failures', ...state], { env });
    const [errors] = [ended.stderr.toArray(), ended.stdout.destroy()];
    expect([await once(ended, 'close'), await errors]).toEqual([[1, null], []]);

    const unknown = await maintain('failures', ...state.slice(0, 2), '--job', 'typo');
    expect([unknown.code, unknown.stdout]).toEqual([3, '']);
    expect(unknown.stderr).toMatch(/^There is no job "typo" in the container /);
  });

  // `script` of util-linux gives the command a terminal
  (process.platform === 'linux' ? it : it.skip)(
    'draws a progress bar on a terminal, and clears it at the end',
    async () => {
      const args = [
        'maintain',
        'rewrap',
        '--retire',
        'clinic:2025',
        '--container',
        old.containerName,
        ...KEYS,
        '--no-state',
      ];
      const words = [process.execPath, command.main, ...args].map((word) => `'${word}'`).join(' ');

      const shown = await new Promise<string>((resolve, reject) => {
        const given = ['-qefc', `stty cols 200; ${words}`, '/dev/null'];
        execFile('script', given, { env: { PATH: process.env['PATH'], ...env } }, (error, stdout) => {
          if (error === null) resolve(stdout);
          else reject(error);
        });
      });

      // eslint-disable-next-line no-control-regex
      expect(shown).toMatch(/\r\u001b\[Kwork +\[[.#]{24}\] 1 seen, 1 done, 0 to look at, \d+\/s +blobs /);
      // eslint-disable-next-line no-control-regex
      expect(shown).toMatch(/\r\u001b\[Kcensus +\[#{24}\] 1 seen/);
      expect(shown.slice(0, shown.indexOf('May clinic:2025')).lastIndexOf('\r\u001b[K')).toBeGreaterThan(
        shown.lastIndexOf('] 1 seen'),
      );
    },
  );

  it('counts without a key, and writes a page with a chart in which stored names are text', async () => {
    const html = join(folder, 'census.html');

    const census = await maintain(
      'census',
      '--retire',
      'clinic:2025',
      '--container',
      old.containerName,
      '--html',
      html,
    );

    expect([census.code, census.stderr]).toEqual([1, 'Counting.\nThe census is done.\n']);
    expect(existsSync(html)).toBe(true);
    const page = readFileSync(html, 'utf8');
    expect(page).toMatch(/<svg [^>]*>.*<rect .*clinic:2025, protocol 2\.1: 1/s);
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  it('accepts keys of any kind from a module', async () => {
    const config = join(folder, 'maintenance.config.mjs');
    writeFileSync(
      config,
      `const wrap = (keyId) => ({ keyId, wrapKey: async (key) => ({ keyId, algorithm: 'X', encryptedKey: Buffer.from(key).reverse() }),
         unwrapKey: async (key) => Buffer.from(key).reverse() });
       export const policy = { protocol: '2.1', requireEncryption: true, keyEncryptionKey: wrap('mine') };`,
    );

    const dry = await maintain(
      ...['rewrap', '--retire', 'another', '--container', old.containerName, '--config', config, '--dry-run'],
    );

    expect(dry.code).toBe(0);
    expect(dry.stderr).toMatch(
      /^Warning: .*lifecycle.*\nWorking.\nThe work is done.\nCounting.\nThe census is done.\n$/,
    );
  });

  it('reads a foreign format with the function of a module', async () => {
    const config = join(folder, 'foreign.config.mjs');
    writeFileSync(
      config,
      `const keyEncryptionKey = { keyId: 'mine', wrapKey: async (key) => ({ keyId: 'mine', algorithm: 'X', encryptedKey: Buffer.from(key).reverse() }),
         unwrapKey: async (key) => Buffer.from(key).reverse() };
       export const policy = { protocol: '2.1', requireEncryption: true, keyEncryptionKey };
       export const foreign = { read: async ({ name, metadata }) =>
         name === 'theirs' ? { content: Buffer.from('opened'), metadata } : null };`,
    );
    await old.unencryptedClient.getBlockBlobClient('theirs').uploadData(Buffer.from('sealed elsewhere'));
    const args = ['re-encrypt', '--foreign', '--container', old.containerName, '--config', config, '--no-state'];

    const [dry, real] = [await maintain(...args, '--dry-run'), await maintain(...args)];

    expect([dry.code, real.code]).toEqual([1, 0]);
    for (const { stdout } of [dry, real]) expect(stdout).toMatch(/^ {2}done +1$/m);
  });

  it('reports the progress of a job', async () => {
    const state = ['--state-container', uniqueName('state'), '--job', 'mine'];
    await rewrap(...state);

    const { code, stdout } = await maintain('status', ...state);

    expect([code, JSON.parse(stdout)]).toEqual([0, { job: 'mine', finishedRuns: 1, running: null }]);
  });

  it('exits with 2 for wrong usage, and explains why without printing the connection string', async () => {
    const given = ['census', '--container', 'c', '--connection-string', 'AccountKey=secret'];

    const { code, stdout, stderr } = await maintain(...given);

    expect([code, stdout, stderr]).toEqual([2, '', 'the connection string cannot be used\n\nSee --help.\n']);
  });

  it('exits with 3 if the container does not exist, and is explained by --help', async () => {
    const missing = await maintain('census', '--container', uniqueName('missing'));
    const help = await maintain('--help');

    expect([missing.code, help.code]).toEqual([3, 0]);
    expect(missing.stderr).toMatch(/ContainerNotFound/);
    expect(help.stdout).toMatch(/--dry-run/);
  });

  it('names the poison queue or the table that does not exist', async () => {
    const queue = uniqueName('queue');

    const noQueue = await maintain('census', '--queue', queue);
    const noTable = await maintain('census', '--table', 'Nothing');

    expect([noQueue.code, noTable.code]).toEqual([3, 3]);
    expect(noQueue.stderr).toMatch(new RegExp(`QueueNotFound 404 \\S*/${queue}-poison/messages\\n$`));
    expect(noTable.stderr).toMatch(/TableNotFound 404 \S*\/Nothing\n$/);
  });
});
