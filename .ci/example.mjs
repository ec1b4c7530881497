/** Starts the example application as the README describes, runs the README's commands and takes its
 * pictures, sends the signal of Ctrl-C, and expects the application to stop. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMANDS = 'tools/drive-example.mjs';
const PICTURES = 'tools/screenshots.mjs';
const START_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 15_000;
const LISTENING = /https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\]):\d+/;

/** Any free port, because another application may use the usual one. */
const env = { PORT: '0', ...process.env };
const app = spawn('npm', ['start'], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
process.on('exit', () => signal('SIGKILL'));
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => process.exit(1));

const baseUrl = await listening();
console.log(`--- the example application listens at ${baseUrl}`);
await drive();
await stopped();

/** The whole process group: npm, its shell, the application and its emulator. */
function signal(name) {
  try {
    process.kill(-app.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function listening() {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (text) => {
      process.stdout.write(text);
      output += text;
      const line = output
        .split('\n')
        .slice(0, -1)
        .find((row) => LISTENING.test(row) && !/azurite|emulator/i.test(row));
      if (line) resolve(LISTENING.exec(line)[0]);
    };
    app.stdout.setEncoding('utf8').on('data', read);
    app.stderr.setEncoding('utf8').on('data', read);
    app.once('exit', (code) => reject(new Error(`The example application ended with code ${code} before it listened`)));
    setTimeout(() => reject(new Error(`It did not listen within ${START_TIMEOUT_MS} ms`)), START_TIMEOUT_MS).unref();
  });
}

async function drive() {
  const pictures = mkdtempSync(join(tmpdir(), 'pictures-'));
  try {
    await run(COMMANDS, baseUrl);
    await run(PICTURES, baseUrl, pictures);
  } finally {
    rmSync(pictures, { recursive: true, force: true });
  }
}

async function run(...args) {
  const [code] = await once(spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit');
  if (code !== 0) throw new Error(`${args[0]} ended with code ${code}`);
}

async function stopped() {
  const closed = once(app, 'close', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
  signal('SIGINT');
  await closed.catch(() => {
    throw new Error(`The example application did not stop within ${STOP_TIMEOUT_MS} ms of Ctrl-C`);
  });
  console.log('--- the example application stopped');
}
