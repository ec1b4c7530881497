/** The vault of the package's testing entry. */
export * from '../../src/testing/in-process-vault.js';
