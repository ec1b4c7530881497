/** Reads what the files of a folder import, by the TypeScript parser, so that rules about imports can be tested. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The root of the project. */
export const PROJECT_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A file: `path` is relative to the folder that was read, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Files of the same folder, as paths. Type imports count. */
  readonly files: readonly string[];
  /** Packages and built-in modules, as written. */
  readonly packages: readonly string[];
  /** Names that the file declares and exports. */
  readonly exports: readonly string[];
  /** Whether the file re-exports names of another file (`export … from`). */
  readonly reexports: boolean;
  /** Whether the file contains anything except imports and re-exports. */
  readonly defines: boolean;
}

/** Reads every TypeScript file below `folder`, which is relative to the project's root. */
export function readSourceTree(folder: string): readonly SourceFile[] {
  const root = join(PROJECT_ROOT, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && existsSync(join(root, path)))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/** Parses one file without reading any other. */
export function parseSource(path: string, text: string): SourceFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const specifiers = importsOf(source);
  return {
    path,
    text,
    files: specifiers.filter(isRelative).map((specifier) => targetOf(path, specifier)),
    packages: specifiers.filter((specifier) => !isRelative(specifier)),
    exports: source.statements.flatMap(exportsOf),
    reexports: source.statements.some(isReexport),
    defines: !source.statements.every((statement) => isReexport(statement) || ts.isImportDeclaration(statement)),
  };
}

const isRelative = (specifier: string) => specifier.startsWith('.');

const isReexport = (statement: ts.Statement) =>
  ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;

function exportsOf(statement: ts.Statement): string[] {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) return [];
  const declared = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
  return declared.map((declaration) => (declaration as ts.DeclarationStatement).name?.getText() ?? '');
}

/** Resolves `./x.js` in `a/b.ts` to `a/x.ts`. */
const targetOf = (path: string, specifier: string) => posix.join(dirname(path), specifier).replace(/\.js$/, '.ts');

function importsOf(node: ts.Node): string[] {
  const found: string[] = [];
  node.forEachChild(function visit(child) {
    const specifier = specifierOf(child);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text);
    child.forEachChild(visit);
  });
  return found;
}

/** The module that a node names, in any form: import, re-export, `import()`, `import('x').T`, require. */
function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const loads =
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
  return loads ? node.arguments[0] : undefined;
}

/** The first import cycle as a path that ends where it starts, or `undefined` if there is none. */
export function findCycle(tree: readonly SourceFile[]): readonly string[] | undefined {
  const byPath = new Map(tree.map((file) => [file.path, file]));
  const finished = new Set<string>();

  const search = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of byPath.get(path)?.files ?? []) {
      const cycle = search(next, [...trail, path]);
      if (cycle) return cycle;
    }
    finished.add(path);
    return undefined;
  };

  return tree.map((file) => search(file.path, [])).find((cycle) => cycle !== undefined);
}
