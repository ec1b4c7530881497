/** Prints `N passed, N failed` for the Jest reports in a folder. `node totals.mjs <folder> <exit code of the run>` */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The report of an interrupted run cannot be counted, and is not a success. */
const UNREADABLE = { numPassedTests: 0, numFailedTests: 1, numRuntimeErrorTestSuites: 0 };

const [folder, exitCode] = process.argv.slice(2);
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => reportIn(join(folder, name)));
const sum = (count) => reports.reduce((total, report) => total + count(report), 0);

const passed = sum((report) => report.numPassedTests);
const failedTests = sum((report) => report.numFailedTests + report.numRuntimeErrorTestSuites);
// A step that is not a test suite, such as lint, can fail too.
const failed = exitCode === '0' ? failedTests : Math.max(failedTests, 1);

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function reportIn(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.error(`${path} cannot be read: ${error.message}`);
    return UNREADABLE;
  }
}
