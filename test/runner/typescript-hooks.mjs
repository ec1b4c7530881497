/** Module hooks of Node: TypeScript of this project is compiled on import, and the package's name resolves to src. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compiled } from './compile.mjs';

const ROOT = new URL('../../', import.meta.url);
const HOMES = new Map([
  ['nestjs-azure-encrypted-storage', 'src/index.ts'],
  ['nestjs-azure-encrypted-storage/core', 'src/core.ts'],
  ['nestjs-azure-encrypted-storage/testing', 'src/testing.ts'],
  ['@jest/globals', 'test/runner/jest-globals.mjs'],
]);

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
  return { format: 'module', source: compiled(fileURLToPath(url)), shortCircuit: true };
}

const isOwn = (url) => url.startsWith(ROOT.href) && !url.startsWith(new URL('node_modules/', ROOT).href);
