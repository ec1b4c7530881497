/** The live tests: `npm run test:interop`. Separate from the others, because they need Python and Java. */
import base from '../../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...base,
  rootDir: '../../..',
  globalSetup: '<rootDir>/test/interop/live/global-setup.mjs',
  testRegex: '/test/interop/live/.*\\.peer-spec\\.ts$',
  reporters: ['default', '<rootDir>/test/interop/live/matrix-reporter.mjs'],
  // the peers are separate programs, which every worker would start again
  maxWorkers: 1,
};
