/** Samples of the documentation, compiled and loaded as they stand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import * as surface from '../../src/index.js';
import { PROJECT_ROOT } from './source-tree.js';

const { name: ownName } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { name: string };

const COMPILER_OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** The exports of the first sample in a document that exports `name`. */
export async function docsSample(document: string, name: string): Promise<Record<string, unknown>> {
  const text = readFileSync(join(PROJECT_ROOT, document), 'utf8');
  const samples = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, sample]) => sample ?? '');
  const sample = samples.find((source) => new RegExp(`export [\\w ]*\\b${name}\\b`).test(source));
  if (sample === undefined) throw new Error(`${document} has no sample that exports ${name}`);
  const { outputText } = ts.transpileModule(sample, { compilerOptions: COMPILER_OPTIONS });
  const exported: Record<string, unknown> = {};
  const loaded = new Map<string, unknown>([[ownName, surface]]);
  for (const [, id = ''] of outputText.matchAll(/require\("([^"]+)"\)/g)) {
    if (id !== ownName) loaded.set(id, await import(id));
  }
  const load = (id: string): unknown => loaded.get(id);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- our own documentation
  (new Function('require', 'exports', outputText) as (load: unknown, exported: unknown) => void)(load, exported);
  return exported;
}
