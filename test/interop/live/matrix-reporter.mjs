/**
 * Jest's reporter for the live tests: prints the matrix, and compares it with docs/compatibility.md, or writes it
 * there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWhole, matrixIn, matrixOf, withMatrix } from './matrix.mjs';

/** Set by run.mjs. */
const WRITES = process.env.MATRIX_WRITE === '1';

export default class MatrixReporter {
  #error;
  #document;

  constructor(globalConfig) {
    this.#document = join(globalConfig.rootDir, 'docs', 'compatibility.md');
    this.isPart = Boolean(globalConfig.testNamePattern) || (globalConfig.testPathPatterns?.patterns ?? []).length > 0;
  }

  onRunComplete(_contexts, { testResults }) {
    const results = testResults.flatMap((file) => file.testResults);
    const matrix = matrixOf(results);
    process.stderr.write(`\n${matrix}\n\n`);
    if (this.isPart || !isWhole(results)) {
      process.stderr.write('Not the whole matrix: docs/compatibility.md is neither compared nor written.\n');
      return;
    }
    const text = readFileSync(this.#document, 'utf8');
    if (WRITES) writeFileSync(this.#document, withMatrix(text, matrix));
    else if (matrixIn(text) !== matrix) {
      this.#error = new Error(
        'docs/compatibility.md has another matrix: write this one by `npm run test:interop -- --write`',
      );
    }
  }

  getLastError() {
    return this.#error;
  }
}
