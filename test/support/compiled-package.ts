/** The package, compiled from src, once for all tests: they need no build. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { compiled } from '../runner/compile.mjs';

const MODULES = join(process.cwd(), 'node_modules');
/** In node_modules, so that packages can be resolved from there. */
const CACHE = join(MODULES, '.cache');

/**
 * Other inputs of a folder: how modules are compiled, and the packages bundled with them, as npm records what is
 * installed.
 */
const BESIDES = ['test/runner/compile.mjs', join(MODULES, '.package-lock.json')];

/** The folder with the compiled src, named after its inputs. */
export function compiledPackage(): string {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => [path, readFileSync(resolve('src', path), 'utf8')] as const);
  const besides = BESIDES.map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : null));
  const hash = createHash('sha256').update(JSON.stringify([besides, sources]));
  const name = `command-${hash.digest('hex').slice(0, 16)}`;
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;

  mkdirSync(CACHE, { recursive: true });
  for (const older of readdirSync(CACHE).filter((found) => found !== name && found.startsWith('command-'))) {
    rmSync(join(CACHE, older), { recursive: true, force: true });
  }
  const unfinished = mkdtempSync(join(CACHE, 'unfinished-'));
  writeFileSync(join(unfinished, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [path, source] of sources) compileInto(unfinished, path, source);
  putInPlace(unfinished, folder);
  return folder;
}

/** Another worker may have been faster; its output is the same. */
export function putInPlace(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

/** Compiles a module of the package; `path` is relative to src. */
export function compileInto(folder: string, path: string, source: string): void {
  const target = join(folder, path.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, compiled(resolve('src', path), source));
}

/**
 * A copy in which a test may change modules, removed after the tests of the file. It resolves only its dependencies,
 * and not the one that is `absent`.
 */
export function installedPackage({ absent }: { readonly absent?: string } = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'package-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
    'dependencies' | 'peerDependencies',
    object
  >;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = join(root, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    if (name !== absent) symlinkSync(join(MODULES, name), link);
  }
  cpSync(compiledPackage(), join(root, 'package'), { recursive: true });
  return join(root, 'package');
}
