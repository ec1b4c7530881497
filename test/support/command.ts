/** The command of the package, compiled from src as it stands, once for all tests: they need no build. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  /** The script, for processes that are killed. */
  readonly main: string;
  readonly run: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Finished>;
}

/** In node_modules, so that packages are found from there. */
const CACHE = join(process.cwd(), 'node_modules', '.cache');

export function compileCommand(): Command {
  const main = join(compiledSources(), 'command', 'main.js');
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

/** The folder of src compiled, named after what src holds. */
function compiledSources(): string {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => [path, readFileSync(join('src', path), 'utf8')] as const);
  const name = `command-${createHash('sha256').update(JSON.stringify(sources)).digest('hex').slice(0, 16)}`;
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;

  mkdirSync(CACHE, { recursive: true });
  for (const older of readdirSync(CACHE).filter((found) => found !== name && found.startsWith('command-'))) {
    rmSync(join(CACHE, older), { recursive: true, force: true });
  }
  const unfinished = mkdtempSync(join(CACHE, 'unfinished-'));
  writeFileSync(join(unfinished, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [path, source] of sources) compile(path, source, unfinished);
  putInPlace(unfinished, folder);
  return folder;
}

/** Another worker may have been faster: what it compiled is the same. */
function putInPlace(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

function compile(path: string, source: string, folder: string): void {
  const target = join(folder, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      useDefineForClassFields: false,
      verbatimModuleSyntax: false,
    },
  });
  writeFileSync(target, outputText);
}
