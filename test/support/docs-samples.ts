/** Samples of the documentation, compiled and loaded unchanged. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as surface from '../../src/index.js';
import { compiledToCommonJs } from '../runner/compile.mjs';
import { PROJECT_ROOT } from './source-tree.js';

const { name: ownName } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { name: string };

/** The exports of the first sample in a document that exports `name`. */
export async function docsSample(document: string, name: string): Promise<Record<string, unknown>> {
  const samples = samplesOf(document);
  const sample = samples.find((source) => new RegExp(`export [\\w ]*\\b${name}\\b`).test(source));
  if (sample === undefined) throw new Error(`${document} has no sample that exports ${name}`);
  return loadSample(sample, { samples, loaded: new Map([[ownName, surface]]) });
}

const samplesOf = (document: string): readonly string[] =>
  [...readFileSync(join(PROJECT_ROOT, document), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, sample]) => sample ?? '',
  );

interface Loading {
  readonly samples: readonly string[];
  readonly loaded: Map<string, unknown>;
}

async function loadSample(sample: string, loading: Loading): Promise<Record<string, unknown>> {
  const { loaded } = loading;
  const code = compiledToCommonJs(sample);
  for (const [, id = ''] of code.matchAll(/require\("([^"]+)"\)/g)) {
    if (!loaded.has(id)) loaded.set(id, await (id.startsWith('./') ? loadNeighbour(id, loading) : import(id)));
  }
  const exported: Record<string, unknown> = {};
  const load = (id: string): unknown => loaded.get(id);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- our own documentation
  (new Function('require', 'exports', code) as (load: unknown, exported: unknown) => void)(load, exported);
  return exported;
}

/** A sample of the same document, identified by its first line. */
function loadNeighbour(id: string, loading: Loading): Promise<Record<string, unknown>> {
  const first = `// ${id.slice('./'.length).replace(/\.js$/, '.ts')}\n`;
  const sample = loading.samples.find((source) => source.startsWith(first));
  if (sample === undefined) throw new Error(`There is no sample named ${id}`);
  return loadSample(sample, loading);
}
