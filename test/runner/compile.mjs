/** Compiles modules of this project, each once for as long as its text is the same. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const TSCONFIG = new URL('tsconfig.json', ROOT);
const FOLDER = fileURLToPath(new URL('node_modules/.cache/compiled/', ROOT));

const require = createRequire(import.meta.url);
/** What compiled modules are made from besides their own text. */
const COMPILER = JSON.stringify([
  require('typescript/package.json').version,
  ...[TSCONFIG, new URL(import.meta.url)].map((url) => readFileSync(url, 'utf8')),
]);

/** The JavaScript of a module, whose imports are as they were written. */
export function compiled(path, text = readFileSync(path, 'utf8')) {
  const name = createHash('sha256')
    .update(JSON.stringify([COMPILER, path, text]))
    .digest('hex');
  const kept = join(FOLDER, `${name}.mjs`);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const code = compile(path, text);
  // several workers may compile one file at once
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${kept}.${process.pid}`, code);
  renameSync(`${kept}.${process.pid}`, kept);
  return code;
}

let options;

function compile(path, text) {
  const ts = require('typescript');
  options ??= compilerOptions(ts);
  return ts.transpileModule(text, { fileName: path, compilerOptions: options }).outputText;
}

function compilerOptions(ts) {
  const { config } = ts.readConfigFile(fileURLToPath(TSCONFIG), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, fileURLToPath(ROOT));
  const emit = { module: ts.ModuleKind.ESNext, declaration: false, sourceMap: false, inlineSourceMap: true };
  // source maps name the file itself, not one relative to a folder of output
  return { ...options, ...emit, rootDir: undefined, outDir: undefined };
}
