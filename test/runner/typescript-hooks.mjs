/** Module hooks of Node: TypeScript of this project is compiled where it is imported, and the package's name leads to src. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const TSCONFIG = new URL('tsconfig.json', ROOT);
const HOMES = new Map([
  ['nestjs-azure-encrypted-storage', 'src/index.ts'],
  ['nestjs-azure-encrypted-storage/core', 'src/core.ts'],
  ['nestjs-azure-encrypted-storage/testing', 'src/testing.ts'],
  ['@jest/globals', 'test/runner/jest-globals.mjs'],
]);

const require = createRequire(import.meta.url);
/** What compiled modules are made from besides their own text. */
const COMPILER = JSON.stringify([
  require('typescript/package.json').version,
  ...[TSCONFIG, new URL(import.meta.url)].map((url) => readFileSync(url, 'utf8')),
]);

/** Where compiled modules are kept, by a hash of all that they are made from. */
let folder;

export async function initialize({ cacheDirectory }) {
  folder = join(cacheDirectory, 'native');
  await mkdir(folder, { recursive: true });
}

export async function resolve(specifier, context, next) {
  const home = HOMES.get(specifier);
  if (home !== undefined) return { url: new URL(home, ROOT).href, shortCircuit: true };
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && isOwn(context.parentURL ?? '')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!isOwn(url) || !/\.ts(\?|$)/.test(url)) return next(url, context);
  return { format: 'module', source: await compiled(fileURLToPath(url)), shortCircuit: true };
}

const isOwn = (url) => url.startsWith(ROOT.href) && !url.startsWith(new URL('node_modules/', ROOT).href);

async function compiled(path) {
  const text = await readFile(path, 'utf8');
  const name = createHash('sha256')
    .update(JSON.stringify([COMPILER, path, text]))
    .digest('hex');
  const kept = join(folder, `${name}.mjs`);
  if (existsSync(kept)) return readFile(kept, 'utf8');
  const code = compile(path, text);
  // several workers may compile one file at once
  await writeFile(`${kept}.${process.pid}`, code);
  await rename(`${kept}.${process.pid}`, kept);
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
