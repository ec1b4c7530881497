/**
 * Type-checks every `ts` block of the documents and of the comments of src, each as a separate module, against src.
 *
 * A block whose first line is a comment with a file name (`// patient.entity.ts`) can be imported under that name by
 * the other blocks of its document. Every block is checked, whatever its language: `sh` is checked by
 * check-commands.mjs, `json` is parsed, `mermaid` must begin as a diagram that code hosts render, with its brackets in
 * pairs. A block without a language is a drawing.
 */
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { blocksOf, filesBelow, lineAt, ROOT, textOf, written } from './markdown.mjs';

const TYPESCRIPT = ['ts', 'typescript'];
const OTHER_LANGUAGES = ['sh', 'json', 'mermaid', ''];
const DIAGRAM = /^(?:flowchart (?:TD|LR)|stateDiagram-v2|sequenceDiagram|xychart-beta)\n/;

const documents = [...written(), ...filesBelow('src', '.ts')];
const found = documents.flatMap(blocksIn);
const blocks = found.filter(({ language }) => TYPESCRIPT.includes(language)).map(asModule);
const faults = [
  ...languageFaults(found),
  ...jsonFaults(found),
  ...diagramFaults(found),
  ...duplicates(blocks),
  ...namesOfCommonJs(blocks),
  ...typeErrors(blocks),
];

for (const fault of faults) console.error(fault);
console.log(`${blocks.length} code blocks in ${documents.length} documents checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;

function blocksIn(document) {
  const text = textOf(document);
  return blocksOf(text).map((block) => ({ ...block, document, line: lineAt(text, block.index) }));
}

/** A block with the virtual file that contains it. */
function asModule(block) {
  const name = /^\/\/ ([\w./-]+)\.ts\s*\n/.exec(block.code)?.[1] ?? `line-${block.line}`;
  return { ...block, file: join(ROOT, '.snippets', block.document, `${name}.ts`) };
}

function languageFaults(all) {
  const known = [...TYPESCRIPT, ...OTHER_LANGUAGES];
  const isKnown = ({ language, info }) => known.includes(language) && info === '';
  return all
    .filter((block) => block.document.endsWith('.md') && !isKnown(block))
    .map(({ document, line, language, info }) => `${document}:${line} nothing checks a block "${language} ${info}"`);
}

function diagramFaults(all) {
  return all
    .filter(({ language, code }) => language === 'mermaid' && !(DIAGRAM.test(code) && isPaired(code)))
    .map(({ document, line }) => `${document}:${line} this is not a diagram that is drawn`);
}

function isPaired(code) {
  return ['[]', '()', '{}'].every(([open, close]) => code.split(open).length === code.split(close).length);
}

function jsonFaults(all) {
  return all
    .filter(({ language }) => language === 'json')
    .flatMap(({ document, line, code }) => {
      try {
        JSON.parse(code);
        return [];
      } catch (error) {
        return [`${document}:${line} ${error.message}`];
      }
    });
}

function duplicates(all) {
  const seen = new Set();
  return all
    .filter(({ file }) => seen.size === seen.add(file).size)
    .map(({ document, line }) => `${document}:${line} has the file name of an earlier block`);
}

/**
 * The compiler accepts them, but Jest under CommonJS does not, because the wrapper of a module already has these names.
 */
function namesOfCommonJs(all) {
  const taken = /^(?:export )?(?:let|const|var|class|function) (module|exports|require|__filename|__dirname)\b/m;
  return all
    .filter(({ code }) => taken.test(code))
    .map(({ document, line, code }) => `${document}:${line} declares "${taken.exec(code)[1]}", which CommonJS has`);
}

function typeErrors(all) {
  const byFile = new Map(all.map((block) => [block.file, block]));
  const strictness = { strictPropertyInitialization: true, exactOptionalPropertyTypes: true };
  const options = { ...projectOptions(), ...strictness, noEmit: true, moduleDetection: ts.ModuleDetectionKind.Force };
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

/** Except for the library: a project from the Nest CLI has the DOM, whose `fetch` accepts less than that of Node.js. */
function projectOptions() {
  const path = join(ROOT, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT);
  delete options.lib;
  return options;
}

/** A compiler host that finds the blocks in addition to the real files. */
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
