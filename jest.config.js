import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testEnvironment: '<rootDir>/test/runner/shared-environment.mjs',
  testRunner: '<rootDir>/test/runner/native-runner.mjs',
  setupFilesAfterEnv: ['<rootDir>/test/runner/process-state.ts'],
  testRegex: '/test/.*\\.(spec|e2e-spec)\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/.cache/'],
  modulePathIgnorePatterns: ['<rootDir>/.cache/'],
  moduleFileExtensions: ['js', 'ts', 'json'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^nestjs-azure-encrypted-storage$': '<rootDir>/src/index.ts',
    '^nestjs-azure-encrypted-storage/(core|testing)$': '<rootDir>/src/$1.ts',
  },
  // the runner leaves modules to Node
  transform: {},
  coverageProvider: 'v8',
  // one more than there are cores: some suites wait for the emulator most of the time
  maxWorkers: availableParallelism() + 1,
  // a machine that does other things too takes its time
  testTimeout: 180_000,
};
