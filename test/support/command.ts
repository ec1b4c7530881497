/** The command of the package, from src. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { compiledPackage, putInPlace } from './compiled-package.js';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  /** The script, for processes that tests kill. */
  readonly main: string;
  readonly run: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Finished>;
}

export function compileCommand(): Command {
  const main = join(bundledCommand(), 'command', 'main.js');
  return {
    main,
    run: (args, env = {}) =>
      new Promise((resolve) => {
        const { PATH } = process.env;
        execFile(process.execPath, [main, ...args], { env: { PATH, ...env } }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        });
      }),
  };
}

const SDKS = ['@azure/storage-blob', '@azure/storage-queue', '@azure/data-tables'];
/** Makes `require` work in SDK modules that were CommonJS. */
const REQUIRE = "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);";

/** Bundles the command and the SDKs, which halves the start-up time. Other peers are loaded as by the package. */
function bundledCommand(): string {
  const compiled = compiledPackage();
  const folder = join(compiled, 'bundled');
  if (existsSync(folder)) return folder;
  const { peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly peerDependencies: object;
  };
  // next to it, because another worker may be copying its content
  const unfinished = mkdtempSync(join(dirname(compiled), 'unfinished-'));
  buildSync({
    entryPoints: ['command/main.js', 'core.js', 'index.js'].map((path) => join(compiled, path)),
    outdir: unfinished,
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20' },
    external: Object.keys(peerDependencies).filter((name) => !SDKS.includes(name)),
    banner: { js: REQUIRE },
    logLevel: 'error',
  });
  putInPlace(unfinished, folder);
  return folder;
}
