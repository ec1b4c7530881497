/** Jest's reporter of the live tests: prints the matrix, and holds the one in README.md to it, or writes it there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWhole, matrixIn, matrixOf, withMatrix } from './matrix.mjs';

/** Set by run.mjs. */
const WRITES = process.env.MATRIX_WRITE === '1';

export default class MatrixReporter {
  #error;
  #readme;

  constructor(globalConfig) {
    this.#readme = join(globalConfig.rootDir, 'README.md');
    this.isPart = Boolean(globalConfig.testNamePattern) || (globalConfig.testPathPatterns?.patterns ?? []).length > 0;
  }

  onRunComplete(_contexts, { testResults }) {
    const results = testResults.flatMap((file) => file.testResults);
    const matrix = matrixOf(results);
    process.stderr.write(`\n${matrix}\n\n`);
    if (this.isPart || !isWhole(results)) {
      process.stderr.write('Not the whole matrix: README.md is neither compared nor written.\n');
      return;
    }
    const text = readFileSync(this.#readme, 'utf8');
    if (WRITES) writeFileSync(this.#readme, withMatrix(text, matrix));
    else if (matrixIn(text) !== matrix) {
      this.#error = new Error('README.md has another matrix: write this one by `npm run test:interop -- --write`');
    }
  }

  getLastError() {
    return this.#error;
  }
}
