/** The conventions that a tool can check (CONVENTIONS.md). For layers and cycles, see test/architecture.spec.ts. */
import js from '@eslint/js';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

/** An e2e spec is one story in sequence. */
const MAX_TEST_LINES = 350;
const MAX_FILE_LINES = 250;
const MAX_FUNCTION_LINES = 40;
const MAX_COMPLEXITY = 10;
const MAX_PARAMETERS = 3;

/** Each package, and the folders of src that may import it. */
const HOMES = [
  { regex: '^@azure/storage-blob', folders: ['blob', 'maintenance', 'nest', 'inspect', 'command'] },
  { regex: '^@azure/storage-queue', folders: ['queue', 'nest', 'inspect', 'command'] },
  { regex: '^@azure/data-tables', folders: ['table', 'nest', 'inspect', 'command'] },
  { regex: '^@azure/core-tracing', folders: ['keys', 'tracing'] },
  { regex: '^@nestjs/', folders: ['nest'] },
  { regex: '^lru-cache', folders: ['envelope', 'keys', 'queue'] },
  { regex: '^(node:)?crypto$', folders: ['crypto', 'keys', 'testing'] },
  { regex: '^reflect-metadata', folders: ['decorators', 'nest'] },
];
const FOLDERS = [
  'encoding',
  'crypto',
  'protocol',
  'wire',
  'keys',
  'envelope',
  'tracing',
  'streams',
  'decorators',
  'blob',
  'queue',
  'table',
  'maintenance',
  'nest',
  'inspect',
  'command',
  'testing',
];

/** `tsdoc/syntax`, except for the comment at the head of a file, which draws bytes and does not document a name. */
const tsdocBelowTheHead = {
  ...tsdoc.rules.syntax,
  create(context) {
    const [head] = context.sourceCode.getAllComments();
    const headEnd = head?.loc.start.line === 1 ? head.loc.end.line : 0;
    const report = (fault) => {
      if (fault.loc.start.line > headEnd) context.report(fault);
    };
    return tsdoc.rules.syntax.create(Object.create(context, { report: { value: report } }));
  },
};

const onlyAtHome = (files, folder) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: HOMES.filter(({ folders }) => !folders.includes(folder)).map(({ regex, folders }) => ({
          regex,
          message: `Only src/${folders.join(' and src/')} may import it.`,
        })),
      },
    ],
  },
});

const tooManyParameters = (of) => ({
  selector: `${of}[params.length>${MAX_PARAMETERS}]`,
  message: `At most ${MAX_PARAMETERS} parameters: use an options object.`,
});
const FUNCTION_PARAMETERS = [tooManyParameters('FunctionDeclaration'), tooManyParameters('ArrowFunctionExpression')];
const METHOD_PARAMETERS = tooManyParameters('MethodDefinition[kind!="constructor"] > FunctionExpression');
const NO_DEFAULT_EXPORT = { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' };
const NO_ENUM = { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' };
const NO_BARREL = [
  { selector: 'ExportAllDeclaration', message: 'Only the entries of the package re-export, and by name.' },
  { selector: 'ExportNamedDeclaration[source]', message: 'Only the entries of the package re-export.' },
];
const EVERYWHERE = [NO_DEFAULT_EXPORT, NO_ENUM, ...FUNCTION_PARAMETERS];

export default tseslint.config(
  {
    ignores: ['**/node_modules/', '**/dist/', '**/coverage/', 'test/vectors/', '**/.cache/', '**/.azurite/'],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      'max-lines': ['error', { max: MAX_FILE_LINES, skipBlankLines: false, skipComments: false }],
      'no-else-return': ['error', { allowElseIf: false }],
      eqeqeq: ['error', 'smart'],
      'object-shorthand': 'error',
      'prefer-template': 'off',
    },
  },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { tsdoc: { rules: { syntax: tsdocBelowTheHead } } },
    rules: {
      'tsdoc/syntax': 'error',
      'no-restricted-syntax': ['error', ...EVERYWHERE, METHOD_PARAMETERS],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/unified-signatures': ['error', { ignoreDifferentlyNamedParameters: true }],
      // Names of stored JSON may be in brackets.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // It requires the `!` that strict forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // The SDKs describe their streams and clients by structure.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // A Nest module is an empty class with a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // `async` without `await` turns a throw into a rejection, as callers of a promise expect.
      '@typescript-eslint/require-await': 'off',
    },
  },

  {
    files: ['src/**/*.ts', 'example-app/src/**/*.ts'],
    rules: {
      complexity: ['error', MAX_COMPLEXITY],
      'max-lines-per-function': ['error', MAX_FUNCTION_LINES],
    },
  },
  // a table is one unit, however many rows it has
  { files: ['src/errors/list.ts', 'src/core.ts', 'src/index.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EVERYWHERE, METHOD_PARAMETERS, ...NO_BARREL] },
  },
  // The clients and services keep the Azure SDK's own parameter lists.
  {
    files: ['src/{blob,queue,table}/encrypted-*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EVERYWHERE, ...NO_BARREL] },
  },
  {
    files: ['src/index.ts', 'src/core.ts', 'src/testing.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EVERYWHERE, NO_BARREL[0]] },
  },
  onlyAtHome(['src/*.ts'], ''),
  ...FOLDERS.map((folder) => onlyAtHome([`src/${folder}/**/*.ts`], folder)),

  // Tests pass wrong values to functions, and read what they built one line above.
  {
    files: ['test/**/*.ts', 'example-app/test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_ENUM],
      'max-lines': ['error', { max: MAX_TEST_LINES, skipBlankLines: false, skipComments: false }],
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },

  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
  // The page of the example application runs in a browser.
  { files: ['example-app/public/**/*.js'], rules: { 'no-undef': 'off' } },
);
