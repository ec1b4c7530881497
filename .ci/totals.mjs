/** Prints `N passed, N failed` over the jest reports of a folder. `node totals.mjs <folder> <exit code of the run>` */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, exitCode] = process.argv.slice(2);
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const sum = (count) => reports.reduce((total, report) => total + count(report), 0);

const passed = sum((report) => report.numPassedTests);
const failedTests = sum((report) => report.numFailedTests + report.numRuntimeErrorTestSuites);
// A step that is no test suite, such as lint, can fail too.
const failed = exitCode === '0' ? failedTests : Math.max(failedTests, 1);

console.log(`${passed} passed, ${failed} failed`);
