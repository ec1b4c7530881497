/** The vault of the package's own entry for tests. */
export * from '../../src/testing/in-process-vault.js';
