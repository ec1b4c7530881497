/** The command of the package, compiled from src as it stands: the tests need no build. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  readonly remove: () => void;
}

/** In node_modules, so that packages are found from there. */
const CACHE = join(process.cwd(), 'node_modules', '.cache');

export function compileCommand(): Command {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'command-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const path of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.ts')) compile(path, folder);
  }
  const main = join(folder, 'command', 'main.js');
  return {
    main,
    run: (args, env = {}) =>
      new Promise((resolve) => {
        const { PATH } = process.env;
        execFile(process.execPath, [main, ...args], { env: { PATH, ...env } }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        });
      }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function compile(path: string, folder: string): void {
  const target = join(folder, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  const { outputText } = ts.transpileModule(readFileSync(join('src', path), 'utf8'), {
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
