/** Behaviour of the command when a peer dependency is not installed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installedPackage } from '../../support/compiled-package.js';

const main = join(installedPackage({ absent: '@azure/data-tables' }), 'command', 'main.js');

it.each([
  ['inspect', 'blob', 'scans/17'],
  ['maintain', 'status', '--job', 'leave-clinic-2025'],
])('without a required package, the command %s names what to install', (...args) => {
  const env = { PATH: process.env['PATH'], AZURE_STORAGE_CONNECTION_STRING: 'UseDevelopmentStorage=true' };
  const { status, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });

  expect(stderr).toBe('The command needs the package @azure/data-tables: npm install @azure/data-tables\n');
  expect(status).toBe(2);
});
