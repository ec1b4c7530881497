import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  skipLibCheck: true,
  declaration: true,
  emitDeclarationOnly: true,
  experimentalDecorators: true,
  types: ['node'],
  typeRoots: [resolve('node_modules/@types')],
};

/** A package exports types of these files only. What it keeps to itself cannot be named in an application. */
const DECORATORS = ['encrypt.decorator', 'encrypted-entity.decorator', 'key.decorators', 'sign.decorator'];

const APPLICATION = `
import { Encrypt, EncryptedEntity, PartitionKey, RowKey, Sign } from 'decorators';
export const Text = Encrypt({ type: 'string' });
export const Findable = () => Encrypt({ searchable: true });
export const keys = [PartitionKey(), RowKey()] as const;
export const Signed = Sign();
export const Patients = EncryptedEntity<{ name: string; ward: string }>({ table: 'patients', clear: ['ward'] });
`;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'declarations-'));
  const installed = join(folder, 'node_modules/decorators');
  mkdirSync(installed, { recursive: true });
  const sources = DECORATORS.map((name) => resolve('src/decorators', `${name}.ts`));
  emit(sources, { ...OPTIONS, rootDir: resolve('src'), outDir: installed });
  const index = [...DECORATORS, 'encryption-metadata', 'filterable']
    .map((name) => `export * from './decorators/${name}.js';\n`)
    .join('');
  writeFileSync(join(installed, 'index.d.ts'), index);
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ type: 'module', exports: './index.d.ts' }));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(folder, 'application.ts'), APPLICATION);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('lets an application with declaration files export what the decorators return', () => {
  expect(emit([join(folder, 'application.ts')], { ...OPTIONS, outDir: join(folder, 'out') })).toEqual([]);

  expect(readFileSync(join(folder, 'out/application.d.ts'), 'utf8')).toContain('export declare const Text');
});

/** Returns the faults. */
function emit(files: readonly string[], options: ts.CompilerOptions): readonly string[] {
  const program = ts.createProgram(files, options);
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  );
}
