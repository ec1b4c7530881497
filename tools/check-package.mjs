/**
 * Checks that the packed tarball, installed with its peers in an empty folder, works from an ESM program and from a
 * CommonJS program, that its types check for both under `module: nodenext`, and that it can be bundled. Needs a built
 * package.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { checkBundles } from './bundles.mjs';
import { linksOf, textOf } from './markdown.mjs';
import { checkNameable } from './nameable.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const MUST_HOLD = [
  ...['package.json', 'README.md', 'LICENSE', 'docs/README.md', 'dist/cjs/package.json'],
  ...['esm', 'cjs'].flatMap((format) => [
    ...['index', 'core', 'testing'].flatMap((entry) => [`dist/${format}/${entry}.js`, `dist/${format}/${entry}.d.ts`]),
  ]),
];
const MAY_HOLD = /^(dist\/(esm|cjs)\/|docs\/|[A-Z]+(\.md)?$|package\.json$)/;

/** Wraps and unwraps a content key, which is the smallest real use, and prints the number of exports. */
const USE = `
  const contentKey = new Uint8Array(32).fill(7);
  const kek = library.AesKeyEncryptionKey.generate('check-package');
  const wrapped = await kek.wrapKey(Uint8Array.from(contentKey));
  const unwrapped = await kek.unwrapKey(wrapped.encryptedKey, wrapped.algorithm);
  if (Buffer.compare(unwrapped, contentKey) !== 0) throw new Error('unwrapped other bytes');
  if (!library.isEncryptedStorageError(new library.DecryptionError())) throw new Error('the error has no brand');
  if (typeof library.EncryptedStorageModule.forRoot !== 'function') throw new Error('the module has no forRoot');
  if (core.AesKeyEncryptionKey !== library.AesKeyEncryptionKey) throw new Error('core has its own copy');
  if (core.EncryptedStorageModule !== undefined) throw new Error('core has the module for Nest');
  const vault = new testing.InProcessVault();
  if (!vault.rotate('clinic').startsWith(vault.idOf('clinic'))) throw new Error('the vault has no key');
  console.log(Object.keys(library).length + ' exports');
`;
const entryOf = (name) => (name === 'library' ? MANIFEST.name : `${MANIFEST.name}/${name}`);
const PROGRAMS = [
  {
    format: 'esm',
    type: 'module',
    code: `${['library', 'core', 'testing'].map((name) => `import * as ${name} from '${entryOf(name)}';\n`).join('')}${USE}`,
  },
  {
    format: 'cjs',
    type: 'commonjs',
    code: `${['library', 'core', 'testing'].map((name) => `const ${name} = require('${entryOf(name)}');\n`).join('')}(async () => {${USE}})();`,
  },
];
const TYPED = `
import { AesKeyEncryptionKey, EncryptedStorageModule, type EncryptedBlobService, type KeyEncryptionKey } from '${MANIFEST.name}';

import { EncryptedBlobService as OfCore } from '${MANIFEST.name}/core';
import { type Emulator, startEmulator } from '${MANIFEST.name}/testing';

export const start: () => Promise<Emulator> = startEmulator;
export const ofCore: typeof EncryptedBlobService = OfCore;
export const kek: KeyEncryptionKey = AesKeyEncryptionKey.generate('check-package');
export const keyId: string = kek.keyId;
export const forRoot = EncryptedStorageModule.forRoot.name;
export type Service = EncryptedBlobService;
// @ts-expect-error a number is not a key id, which proves that the types are present
AesKeyEncryptionKey.generate(1);
`;

const folder = mkdtempSync(join(tmpdir(), 'check-package-'));
const TYPE_OPTIONS = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  types: ['node'],
  typeRoots: [join(folder, 'node_modules/@types')],
};
try {
  const { tarball, paths } = pack();
  checkLinks(paths);
  checkSourceMaps(paths);
  for (const command of [['publint', '--strict'], ['attw']]) judge(command, tarball);
  install(tarball);
  for (const program of PROGRAMS) run(program);
  runCommand();
  typeCheck();
  await checkBundles(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
}

function pack() {
  const [packed] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT));
  const paths = packed.files.map(({ path }) => path);
  const missing = MUST_HOLD.filter((path) => !paths.includes(path));
  const foreign = paths.filter((path) => !MAY_HOLD.test(path));
  if (missing.length > 0) throw new Error(`The tarball lacks ${missing.join(', ')}`);
  if (foreign.length > 0) throw new Error(`The tarball holds ${foreign.join(', ')}`);
  console.log(`packed ${paths.length} files, ${packed.size} bytes`);
  return { tarball: join(folder, packed.filename), paths };
}

/** Documents in the tarball, which npm shows, do not link to files that the tarball lacks. */
function checkLinks(paths) {
  const documents = paths.filter((path) => path.endsWith('.md'));
  const links = documents.flatMap((document) => linksOf(textOf(document)).map((link) => ({ document, ...link })));
  const dangling = links.filter(({ document, target }) => {
    if (/^([a-z][a-z+.-]*:|#)/i.test(target)) return false;
    const path = normalize(join(dirname(document), decodeURI(target).split('#')[0])).replaceAll('\\', '/');
    return !paths.some((packed) => packed === path || packed.startsWith(`${path.replace(/\/$/, '')}/`));
  });
  for (const { document, line, target } of dangling) console.error(`${document}:${line} the tarball lacks ${target}`);
  if (dangling.length > 0) throw new Error(`${dangling.length} links lead out of the tarball`);
  console.log(`${links.length} links lead to files of the tarball`);
}

/** Source maps are useless without their sources. */
function checkSourceMaps(paths) {
  const maps = paths.filter((path) => path.endsWith('.map'));
  const empty = maps.filter((path) => {
    const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
    return sourcesContent.length !== sources.length || sourcesContent.some((text) => !text);
  });
  if (empty.length > 0) throw new Error(`${empty.length} source maps have no sources: ${empty.slice(0, 3).join(', ')}`);
  console.log(`${maps.length} source maps have their sources`);
}

/** Tools that check a tarball as npm and TypeScript see it. */
function judge([command, ...args], tarball) {
  const { status, stdout } = spawnSync('npm', ['exec', '--offline', '--', command, ...args, tarball], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`${command} finds faults:\n${stdout}`);
  console.log(`${command} finds no fault`);
}

function install(tarball) {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', version: '1.0.0', private: true }));
  const types = `@types/node@${MANIFEST.devDependencies['@types/node']}`;
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', tarball, types], folder);
  if (!existsSync(join(folder, 'node_modules', MANIFEST.name))) throw new Error('The tarball was not installed');
}

function run({ format, type, code }) {
  mkdirSync(join(folder, format));
  writeFileSync(join(folder, format, 'package.json'), JSON.stringify({ type }));
  writeFileSync(join(folder, format, 'main.js'), code);
  writeFileSync(join(folder, format, 'typed.ts'), TYPED);
  const output = execFileSync(process.execPath, ['main.js'], { cwd: join(folder, format), encoding: 'utf8' });
  console.log(`${format} program runs: ${output.trim()}`);
}

/** Runs the command as a user would, by the name that npm gives it. */
function runCommand() {
  const help = npm(['exec', '--offline', '--', MANIFEST.name, '--help'], folder);
  if (!help.includes('inspect blob')) throw new Error(`The command says ${help}`);
  console.log('the command runs');
}

/** Declarations of other packages may have faults; ours may not. */
function typeCheck() {
  const files = PROGRAMS.map(({ format }) => join(folder, format, 'typed.ts'));
  const program = ts.createProgram(files, TYPE_OPTIONS);
  const ours = ts.getPreEmitDiagnostics(program).filter(({ file }) => !file || isOurs(file.fileName));
  for (const fault of ours) {
    const row = fault.file?.getLineAndCharacterOfPosition(fault.start ?? 0).line ?? 0;
    console.error(`${fault.file?.fileName}:${row + 1} ${ts.flattenDiagnosticMessageText(fault.messageText, '\n')}`);
  }
  if (ours.length > 0) throw new Error(`The types have ${ours.length} faults`);
  console.log('types check for both formats');
  checkNameable(folder, { entries: ['library', 'testing'].map(entryOf), options: TYPE_OPTIONS });
}

function isOurs(path) {
  return !path.includes('/node_modules/') || path.includes(`/node_modules/${MANIFEST.name}/`);
}
