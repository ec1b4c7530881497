/**
 * Checks that applications that emit declarations, as Nest's own projects do, can export whatever this package returns. TypeScript
 * refuses that (TS2883) for a type that the package does not export. `tools/check-package.mjs` calls this with the folder in which
 * the tarball is installed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const { SymbolFlags, ModifierFlags } = ts;
const CANNOT_BE_NAMED = 2883;
/** An option that only this package can make. */
const INTERNAL_OPTIONS = ['KeyVaultEnvironment.paces'];

export function checkNameable(folder, { entries, options }) {
  const files = entries.map((entry, at) => {
    const file = join(folder, `nameable-${at}.ts`);
    writeFileSync(file, `import * as library from '${entry}';\nexport type Library = typeof library;\n`);
    const program = ts.createProgram([file], options);
    writeFileSync(file, [`import * as library from '${entry}';`, ...usesIn(program, file)].join('\n'));
    return file;
  });
  const faults = ts
    .createProgram(files, { ...options, noEmit: false, declaration: true })
    .getDeclarationDiagnostics()
    .filter(({ code }) => code === CANNOT_BE_NAMED);
  for (const { messageText } of faults) console.error(ts.flattenDiagnosticMessageText(messageText, '\n'));
  if (faults.length > 0) throw new Error(`${faults.length} results have types that applications cannot name`);
  console.log(`applications can export the results of ${files.length} entries`);
}

/** A line for each exported function, and for each member of each exported class and interface. */
function usesIn(program, file) {
  const checker = program.getTypeChecker();
  const [statement] = program.getSourceFile(file).statements;
  const exports = checker.getExportsOfModule(checker.getSymbolAtLocation(statement.moduleSpecifier));
  return exports
    .map((symbol) => (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .flatMap((symbol) => {
      if (symbol.flags & SymbolFlags.Function) return [callOf(symbol.name, `library.${symbol.name}`)];
      return symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface) ? membersOf(symbol, checker) : [];
    });
}

function membersOf(symbol, checker) {
  const declared = checker.getDeclaredTypeOfSymbol(symbol);
  const parameters = (declared.typeParameters ?? []).map(() => 'any');
  const type = `library.${symbol.name}${parameters.length > 0 ? `<${parameters.join(', ')}>` : ''}`;
  return checker
    .getPropertiesOfType(declared)
    .filter((member) => isPublic(member) && !INTERNAL_OPTIONS.includes(`${symbol.name}.${member.name}`))
    .map((member) => {
      const name = `${symbol.name}_${member.name}`;
      const isMethod = checker.getTypeOfSymbol(member).getCallSignatures().length > 0;
      return isMethod
        ? callOf(name, `object.${member.name}`, `object: ${type}, `)
        : `export const ${name} = (object: ${type}) => object.${member.name};`;
    });
}

const callOf = (name, called, parameters = '') =>
  `export const ${name} = (${parameters}...given: Parameters<typeof ${called}>) => ${called}(...given);`;

function isPublic({ name, declarations: [declaration] }) {
  const isHidden = ts.getCombinedModifierFlags(declaration) & (ModifierFlags.Private | ModifierFlags.Protected);
  const isInternal = ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal');
  return /^\w+$/.test(name) && !name.startsWith('__') && !isHidden && !isInternal;
}
