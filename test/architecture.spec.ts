/**
 * The diagram of ARCHITECTURE.md as tables: which folder of src may import which, which layers may use each package, and
 * how long a file may be. Type imports count.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCycle, parseSource, PROJECT_ROOT, readSourceTree, type SourceFile } from './support/source-tree.js';

/** A layer may import itself, the leaves, and what is listed here: a folder, or one file in it. */
const LEAVES = ['errors', 'service-errors', 'service-answers', 'option-rules', 'aborts', 'clock', 'version'];
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  errors: ['encoding/printable'],
  'service-errors': ['encoding/printable'],
  'service-answers': [],
  'option-rules': [],
  aborts: [],
  clock: [],
  version: [],
  encoding: [],
  tracing: ['encoding'],
  crypto: [],
  protocol: ['crypto', 'encoding'],
  wire: ['encoding'],
  keys: ['encoding', 'tracing'],
  envelope: ['protocol', 'keys', 'wire', 'crypto', 'encoding', 'tracing'],
  streams: ['crypto'],
  decorators: [],
  blob: ['envelope', 'protocol/protocol', 'wire', 'keys', 'streams', 'crypto', 'encoding', 'tracing'],
  queue: ['envelope', 'wire', 'keys', 'streams', 'crypto', 'encoding', 'tracing'],
  table: ['envelope', 'protocol/protocol', 'wire', 'keys', 'streams', 'crypto', 'encoding', 'decorators', 'tracing'],
  nest: ['maintenance', 'blob', 'queue', 'table', 'envelope', 'protocol', 'keys', 'decorators', 'crypto', 'encoding'],
  maintenance: ['blob', 'envelope', 'crypto', 'streams', 'encoding', 'tracing'],
  inspect: ['blob', 'queue', 'table', 'envelope', 'protocol/protocol', 'wire', 'keys', 'streams', 'encoding'],
  command: [
    'inspect',
    'maintenance',
    'blob',
    'queue',
    'table',
    'envelope',
    'protocol',
    'keys',
    'decorators',
    'crypto',
    'encoding',
  ],
  testing: ['keys'],
  core: ['maintenance', 'blob', 'queue', 'table', 'envelope', 'protocol', 'keys', 'decorators', 'crypto', 'tracing'],
  index: ['core', 'nest'],
};

/** Subfolders of a layer: which subfolders of the same layer each may import. The files next to them may import all. */
const SUBFOLDERS: Readonly<Record<string, readonly string[]>> = {
  'nest/options': [],
  'nest/health': ['nest/options'],
  'nest/injection': ['nest/options', 'nest/health'],
  'nest/consumers': ['nest/options', 'nest/injection'],
  'nest/maintenance': ['nest/options', 'nest/injection', 'nest/consumers'],
  'nest/files': ['nest/options', 'nest/injection'],
};

/** Packages that only some layers may import, and those layers. */
const PACKAGES: readonly (readonly [pattern: RegExp, layers: readonly string[]])[] = [
  [/^@azure\/storage-blob(\/|$)/, ['blob', 'maintenance', 'nest', 'inspect', 'command']],
  [/^@azure\/storage-queue(\/|$)/, ['queue', 'nest', 'inspect', 'command']],
  [/^@azure\/data-tables(\/|$)/, ['table', 'nest', 'inspect', 'command']],
  [/^@azure\/keyvault-/, ['keys']],
  [/^@azure\/core-tracing(\/|$)/, ['tracing', 'keys']],
  [
    /^@azure\/(?!core-tracing)/,
    [
      'aborts',
      'clock',
      'keys',
      'envelope',
      'blob',
      'queue',
      'table',
      'maintenance',
      'nest',
      'inspect',
      'command',
      'testing',
    ],
  ],
  [/^@nestjs\//, ['nest']],
  [/^(fresh|range-parser)(\/|$)/, ['nest']],
  [/^lru-cache(\/|$)/, ['envelope', 'keys', 'queue']],
  [/^class-(validator|transformer)(\/|$)/, ['queue']],
  [/^reflect-metadata(\/|$)/, ['decorators', 'nest']],
  [/^(node:)?crypto$/, ['crypto', 'keys', 'testing']],
];

const MAX_LINES = 250;
/** Files that are a single table or list. */
const TABLES = ['errors/list.ts', 'core.ts', 'index.ts'];
/** What the package exports. */
const ENTRIES = ['index.ts', 'core.ts', 'testing.ts'];

const isIn = (target: string, entry: string) => target === `${entry}.ts` || target.startsWith(`${entry}/`);
const layerOf = (path: string) => (path.split('/')[0] ?? '').replace(/\.ts$/, '');
const subfolderOf = (path: string) => path.split('/').slice(0, 2).join('/');
const versionOf = (path: string) => /^protocol\/(v\d+)\//.exec(path)?.[1];

/** Every rule that one file breaks, as a sentence. */
function faultsOf(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  const allowed = [layer, ...LEAVES, ...(LAYERS[layer] ?? [])];
  const isAllowed = (target: string) => allowed.some((entry) => isIn(target, entry));
  const subfolder = subfolderOf(file.path);
  const isForbiddenSubfolder = (target: string) =>
    subfolder in SUBFOLDERS &&
    layerOf(target) === layer &&
    ![subfolder, ...(SUBFOLDERS[subfolder] ?? [])].includes(subfolderOf(target));
  const namesVersion = (target: string) =>
    file.path !== 'protocol/versions.ts' && ![undefined, versionOf(file.path)].includes(versionOf(target));
  const isForbiddenPackage = (name: string) =>
    PACKAGES.some(([pattern, layers]) => pattern.test(name) && !layers.includes(layer));
  const lines = file.text.replace(/\n$/, '').split('\n').length;

  return [
    ...(layer in LAYERS ? [] : ['is not in a layer']),
    ...file.files.filter((target) => !isAllowed(target)).map((target) => `imports ${target} against the layers`),
    ...file.files.filter(isForbiddenSubfolder).map((target) => `imports ${target} against the order of subfolders`),
    ...file.files.filter(namesVersion).map((target) => `names the protocol version folder of ${target}`),
    ...file.packages.filter(isForbiddenPackage).map((name) => `imports ${name} outside its layers`),
    ...(lines > MAX_LINES && !TABLES.includes(file.path) ? [`has ${lines} lines`] : []),
    ...(file.reexports && !ENTRIES.includes(file.path) ? ['re-exports'] : []),
    ...(file.defines && ENTRIES.includes(file.path) ? ['defines something'] : []),
  ].map((fault) => `${file.path} ${fault}`);
}

describe('src', () => {
  const tree = readSourceTree('src');

  it('respects layers, packages and file sizes', () => {
    expect(tree.flatMap(faultsOf)).toEqual([]);
  });

  it('uses every import that its layers allow', () => {
    const unused = Object.entries(LAYERS).flatMap(([layer, entries]) => {
      const targets = tree.filter(({ path }) => layerOf(path) === layer).flatMap(({ files }) => files);
      return entries.filter((entry) => !targets.some((target) => isIn(target, entry))).map((to) => `${layer} to ${to}`);
    });

    expect(unused).toEqual([]);
  });

  it('has no import cycle, types included', () => {
    expect(findCycle(tree)).toBeUndefined();
  });

  it('exports only what another file uses', () => {
    const tests = ['test', 'bench'].flatMap(readSourceTree);
    const isNamed = (path: string, name: string) =>
      [...tree, ...tests].some(
        ({ files, text }) =>
          (files.includes(path) || files.includes(`../src/${path}`)) && new RegExp(`\\b${name}\\b`).test(text),
      );

    const kept = tree.flatMap(({ path, exports }) =>
      exports.filter((name) => !isNamed(path, name)).map((name) => `${path}: ${name}`),
    );

    // the declarations of a version mention it
    expect(kept).toEqual(['protocol/protocol.ts: SealerChoice']);
  });

  it('imports only files that exist, by their .js names', () => {
    const known = new Set(tree.map((file) => file.path));

    const unknown = tree.flatMap((file) =>
      file.files.filter((target) => !known.has(target)).map((target) => [file.path, target]),
    );

    expect(unknown).toEqual([]);
  });

  it('declares every package that it imports, types included', () => {
    const manifest = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as Record<string, object>;
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

    const imported = tree.flatMap((file) => file.packages).filter((name) => !name.startsWith('node:'));
    const undeclared = imported.filter(
      (name) => !declared.some((known) => name === known || name.startsWith(`${known}/`)),
    );

    expect([...new Set(undeclared)]).toEqual([]);
  });
});

describe('tests of what users see', () => {
  const exported = new Set(readFileSync(join(PROJECT_ROOT, 'test/types/public-api.txt'), 'utf8').split('\n'));
  const IMPORT = /import (?:type )?\{([^}]+)\} from '[./]+\/src\/[^']+'/g;

  it.each(['test/e2e', 'test/interop'])('in %s import exported names from the package entry', (folder) => {
    const byPath = readSourceTree(folder).flatMap(({ path, text }) =>
      [...text.matchAll(IMPORT)]
        .flatMap(([, names = '']) => names.split(','))
        .map((name) => name.replace('type ', '').trim().split(' as ')[0] ?? '')
        .filter((name) => name !== '' && exported.has(name))
        .map((name) => `${path}: ${name}`),
    );

    expect(byPath).toEqual([]);
  });
});

describe('the rules', () => {
  it.each([
    ['an import upward', 'crypto/a.ts', "import { a } from '../wire/a.js';"],
    ['an import sideways', 'blob/a.ts', "import type { A } from '../queue/a.js';"],
    ['an import of a package entry', 'nest/a.ts', "import { a } from '../index.js';"],
    ['more of the protocol than its interface', 'queue/a.ts', "import { a } from '../protocol/registry.js';"],
    ['an import of a forbidden subfolder', 'nest/options/a.ts', "import { a } from '../health/a.js';"],
    ['an import from a subfolder to its parent', 'nest/options/a.ts', "import { a } from '../a.module.js';"],
    ['a protocol version by name', 'envelope/a.ts', "import { a } from '../protocol/v1/index.js';"],
    ['another protocol version', 'protocol/v2/a.ts', "import { a } from '../v1/content.js';"],
    ['an SDK outside its layer', 'blob/a.ts', "import type { A } from '@azure/data-tables';"],
    ['an SDK in an import type', 'wire/a.ts', "export type A = import('@azure/storage-blob').Metadata;"],
    ['an SDK in a dynamic import', 'queue/a.ts', "export const a = () => import('@azure/storage-blob');"],
    ['spans created outside tracing', 'blob/a.ts', "import { createTracingClient } from '@azure/core-tracing';"],
    ['Nest outside nest', 'blob/a.ts', "import { Injectable } from '@nestjs/common';"],
    ['ciphers outside crypto and keys', 'envelope/a.ts', "import { createHash } from 'node:crypto';"],
    ['a barrel', 'wire/a.ts', "export { a } from './b.js';"],
    ['a definition in a package entry', 'index.ts', 'export const a = 1;'],
    ['a folder without a layer', 'helpers/a.ts', 'export const a = 1;'],
    ['a long file', 'wire/a.ts', '\n'.repeat(MAX_LINES + 1)],
  ])('reject %s', (_what, path, text) => {
    expect(faultsOf(parseSource(path, text))).toHaveLength(1);
  });

  it.each([
    ['the list of versions import every version', 'protocol/versions.ts', "import { a } from './v1/index.js';"],
    ['a version import itself', 'protocol/v1/index.ts', "import { a } from './content.js';"],
    ['tables read the decorators', 'table/a.ts', "import { a } from '../decorators/a.js';"],
    ['every layer throw errors', 'crypto/a.ts', "import { DecryptionError } from '../errors/content.js';"],
    ['a file have the maximum length', 'wire/a.ts', '\n'.repeat(MAX_LINES)],
    [
      'a comment contain an import',
      'wire/a.ts',
      "// import '@nestjs/common'\nexport const a = \"import '../nest/a.js'\";",
    ],
  ])('let %s', (_what, path, text) => {
    expect(faultsOf(parseSource(path, text))).toEqual([]);
  });

  it('find an import cycle of types', () => {
    const tree = [
      parseSource('a.ts', "import type { B } from './b.js';"),
      parseSource('b.ts', "export type C = import('./c.js').C;"),
      parseSource('c.ts', "import { a } from './a.js';"),
    ];

    expect(findCycle(tree)).toEqual(['a.ts', 'b.ts', 'c.ts', 'a.ts']);
  });
});
