/** Compiles modules of this project with SWC, which is fast enough to repeat in each worker. */
import { readFileSync } from 'node:fs';
import { transformSync } from '@swc/core';

/** The settings of tsconfig.json, which SWC does not read. */
const OPTIONS = {
  configFile: false,
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
};

/** The JavaScript of a module, with its imports unchanged. */
export function compiled(path, text = readFileSync(path, 'utf8')) {
  return transformSync(text, { ...OPTIONS, filename: path, module: { type: 'es6' } }).code;
}

/** The same as the body of a CommonJS module. */
export function compiledToCommonJs(text) {
  return transformSync(text, { ...OPTIONS, sourceMaps: false, module: { type: 'commonjs' } }).code;
}
