/**
 * Type-checks every `ts` block of README.md, docs/*.md and the comments of src, each as a module of its own, against src.
 *
 * A block whose first line is a comment with a file name (`// patient.entity.ts`) can be imported under that name by the other
 * blocks of its document. A block marked `ts ignore-check` is left out.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BLOCK =
  /^([ \t]*(?:\*[ \t])?[ \t]*)(```|~~~)(?:ts|typescript)(?![\w-])[ \t]*([^\n]*)\n([\s\S]*?)^[ \t]*(?:\*[ \t])?[ \t]*\2[ \t]*$/gim;
const IGNORED = 'ignore-check';

const documents = ['README.md', ...filesBelow('docs', '.md'), ...filesBelow('src', '.ts')].filter((path) =>
  existsSync(join(ROOT, path)),
);
const blocks = documents.flatMap(blocksOf);
const faults = [...duplicates(blocks), ...typeErrors(blocks)];

for (const fault of faults) console.error(fault);
console.log(`${blocks.length} code blocks in ${documents.length} documents checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function filesBelow(folder, extension) {
  if (!existsSync(join(ROOT, folder))) return [];
  const paths = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith(extension)).map((path) => join(folder, path));
}

/** The blocks of a document, each with the virtual file that holds it and the line where it begins. */
function blocksOf(document) {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(BLOCK)]
    .filter(([, , , info]) => !info.split(/\s+/).includes(IGNORED))
    .map((match) => {
      const [, margin, , , body] = match;
      const line = text.slice(0, match.index).split('\n').length;
      const code = body
        .split('\n')
        .map((row) => (row.startsWith(margin) ? row.slice(margin.length) : row.replace(/^\s*\*\s?/, '')))
        .join('\n');
      const name = /^\/\/ ([\w./-]+)\.ts\s*\n/.exec(code)?.[1] ?? `line-${line}`;
      return { document, line, code, file: join(ROOT, '.snippets', document, `${name}.ts`) };
    });
}

function duplicates(all) {
  const seen = new Set();
  return all
    .filter(({ file }) => seen.size === seen.add(file).size)
    .map(({ document, line }) => `${document}:${line} has the file name of an earlier block`);
}

function typeErrors(all) {
  const byFile = new Map(all.map((block) => [block.file, block]));
  const options = { ...projectOptions(), noEmit: true, moduleDetection: ts.ModuleDetectionKind.Force };
  const program = ts.createProgram([...byFile.keys()], options, hostWith(byFile, options));

  return [...byFile.values()].flatMap((block) => {
    const source = program.getSourceFile(block.file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ start, messageText }) => {
      const row = source.getLineAndCharacterOfPosition(start ?? 0).line;
      return `${block.document}:${block.line + 1 + row} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

function projectOptions() {
  const path = join(ROOT, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  return ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT).options;
}

/** A compiler host that finds the blocks beside the real files. */
function hostWith(byFile, options) {
  const host = ts.createCompilerHost(options);
  const folders = new Set([...byFile.keys()].flatMap((file) => foldersAbove(file)));
  const { fileExists, readFile, directoryExists } = host;
  host.fileExists = (path) => byFile.has(path) || fileExists(path);
  host.readFile = (path) => byFile.get(path)?.code ?? readFile(path);
  host.directoryExists = (path) => folders.has(path) || directoryExists(path);
  host.getSourceFile = (path, settings) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, settings);
  };
  return host;
}

function foldersAbove(file) {
  const folder = dirname(file);
  return relative(ROOT, folder) === '' ? [] : [folder, ...foldersAbove(folder)];
}
