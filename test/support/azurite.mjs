/** An embedded Azurite: in memory, on free ports, gone with the process that started it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const EXECUTABLE = fileURLToPath(new URL('../../node_modules/azurite/dist/src/azurite.js', import.meta.url));

/** The account that every Azurite has; its key is published and protects nothing. */
const ACCOUNT_NAME = 'devstoreaccount1';
const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const PRELOAD = new URL('./azurite-preload.mjs', import.meta.url).href;

/** `--skipApiVersionCheck`: the SDKs speak newer API versions than the newest Azurite knows. */
const FLAGS = [
  ...['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent'],
  ...['Blob', 'Queue', 'Table'].flatMap((service) => [`--${service.toLowerCase()}Port`, '0']),
];

const START_TIMEOUT_MS = 60_000;

/**
 * Starts an emulator and waits until all three services listen. With the files of a certificate it serves https, and takes tokens.
 *
 * @param {import('./azurite.d.mts').CertificateFiles} [certificate]
 * @returns {Promise<{ connectionString: string, stop: () => Promise<void> }>}
 */
export async function startAzurite(certificate) {
  const tls =
    certificate === undefined ? [] : ['--cert', certificate.cert, '--key', certificate.key, '--oauth', 'basic'];
  const child = spawn(process.execPath, ['--import', PRELOAD, EXECUTABLE, ...FLAGS, ...tls], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const urls = await listeningUrls(child).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return { connectionString: connectionStringOf(urls), stop: () => stop(child) };
}

/** The address of each service, as Azurite prints it. */
function listeningUrls(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (reason) => reject(new Error(`Azurite ${reason}; it printed:\n${output}`));
    const timer = setTimeout(() => fail(`did not start within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
    const read = (text) => {
      output += text;
      const found = [...output.matchAll(/Azurite (\w+) service is successfully listening at (\S+)\s/g)];
      if (found.length < 3) return;
      clearTimeout(timer);
      child.stdout.off('data', read).resume();
      child.stderr.off('data', read).resume();
      resolve(Object.fromEntries(found.map(([, service, url]) => [service, url])));
    };
    child.stdout.setEncoding('utf8').on('data', read);
    child.stderr.setEncoding('utf8').on('data', read);
    child.once('error', (error) => fail(`could not be run: ${error.message}`));
    child.once('exit', (code) => fail(`stopped with exit code ${code}`));
    child.once('close', () => clearTimeout(timer));
  });
}

function connectionStringOf(urls) {
  const endpoints = Object.entries(urls).map(([service, url]) => `${service}Endpoint=${url}/${ACCOUNT_NAME}`);
  const account = [`AccountName=${ACCOUNT_NAME}`, `AccountKey=${ACCOUNT_KEY}`];
  return (
    [`DefaultEndpointsProtocol=${new URL(urls.Blob).protocol.slice(0, -1)}`, ...account, ...endpoints].join(';') + ';'
  );
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
