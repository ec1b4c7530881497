/**
 * Azurite in memory, on free ports, which ends with the process that started it. This file imports nothing from the package, so
 * that the package's own tests can load it before anything is built.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** PEM files of a certificate. With them the emulator serves https and accepts unsigned tokens of Microsoft Entra ID. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Options of an emulator. */
export interface EmulatorOptions {
  /** Without a certificate, the emulator serves http. */
  readonly certificate?: CertificateFiles;
}

/** A running emulator. */
export interface Emulator {
  /** Connection string of blobs, queues and tables. */
  readonly connectionString: string;
  /** Stops the emulator. What is stored in it is lost. */
  readonly stop: () => Promise<void>;
}

/** The account that every Azurite has; its key is published and protects nothing. */
const ACCOUNT_NAME = 'devstoreaccount1';
const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** `--skipApiVersionCheck`: the SDKs use newer API versions than the newest Azurite knows. */
const FLAGS = [
  ...['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
  ...['--blobPort', '0', '--queuePort', '0', '--tablePort', '0'],
];
/** Milliseconds. */
const START_TIMEOUT = 60_000;

/**
 * Starts Azurite in memory on free ports. Install `azurite` as a dev dependency of the project that the process runs in. The
 * emulator ends when the process ends, even if it is killed.
 *
 * @throws an error that says how to install Azurite if it is missing, or shows what it printed if it does not start
 *
 * @example
 * ```ts
 * import { type Emulator, startEmulator } from 'nestjs-azure-encrypted-storage/testing';
 *
 * let emulator: Emulator;
 * beforeAll(async () => {
 *   emulator = await startEmulator();
 *   process.env['AZURE_STORAGE_CONNECTION_STRING'] = emulator.connectionString;
 * });
 * afterAll(() => emulator.stop());
 * ```
 */
export async function startEmulator({ certificate }: EmulatorOptions = {}): Promise<Emulator> {
  const program = azuriteProgram();
  const tls =
    certificate === undefined ? [] : ['--cert', certificate.cert, '--key', certificate.key, '--oauth', 'basic'];
  // a separate process group, so that Ctrl-C reaches the application first, and the emulator outlives its last request
  const child = spawn(process.execPath, ['--import', preload(program), program, ...FLAGS, ...tls], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const urls = await listeningUrls(child).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return { connectionString: connectionStringOf(urls), stop: () => stop(child) };
}

function azuriteProgram(): string {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve('azurite/dist/src/azurite.js');
  } catch (cause) {
    throw new Error('The emulator needs Azurite: install it with "npm install --save-dev azurite"', { cause });
  }
}

/**
 * Runs in the emulator's process before the emulator. It ends the process when the channel to its parent closes, and delays
 * Azurite's garbage collectors, which may delete data that is written while they run, for longer than any test.
 */
function preload(program: string): string {
  const code = `
    import { createRequire } from 'node:module';
    process.on('disconnect', () => process.exit());
    const load = createRequire(${JSON.stringify(program)});
    for (const service of ['blob', 'queue']) {
      load('./' + service + '/utils/constants.js').DEFAULT_GC_INTERVAL_MS = 2 ** 31 - 1;
    }`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

type Urls = ReadonlyMap<string, string>;

/** The address of each service, as Azurite prints it. */
function listeningUrls(child: ChildProcess): Promise<Urls> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(new Error(`Azurite ${reason}; it printed:\n${output}`));
    };
    const timer = setTimeout(() => {
      fail(`did not start within ${START_TIMEOUT} ms`);
    }, START_TIMEOUT);
    const read = (text: string): void => {
      output += text;
      const found = [...output.matchAll(/Azurite (\w+) service is successfully listening at (\S+)\s/g)];
      if (found.length < 3) return;
      clearTimeout(timer);
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', read).resume();
      resolve(new Map(found.map(([, service = '', url = '']) => [service, url])));
    };
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', read);
    child.once('error', ({ message }) => {
      fail(`could not be run: ${message}`);
    });
    child.once('exit', (code) => {
      fail(`stopped with exit code ${code}`);
    });
  });
}

function connectionStringOf(urls: Urls): string {
  const protocol = new URL(urls.get('Blob') ?? '').protocol.slice(0, -1);
  const endpoints = [...urls].map(([service, url]) => `${service}Endpoint=${url}/${ACCOUNT_NAME}`);
  const account = [`AccountName=${ACCOUNT_NAME}`, `AccountKey=${ACCOUNT_KEY}`];
  return [`DefaultEndpointsProtocol=${protocol}`, ...account, ...endpoints, ''].join(';');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
