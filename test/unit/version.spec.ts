import { readFileSync } from 'node:fs';
import { LIBRARY_NAME, PACKAGE_NAME, PACKAGE_VERSION } from '../../src/version.js';

describe('the library name', () => {
  it('contains the version of the package, and both names of the package match', () => {
    const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;

    expect(PACKAGE_NAME).toBe(name);
    expect(PACKAGE_VERSION).toBe(version);
    expect(LIBRARY_NAME).toBe(`TypeScript ${version}`);
  });

  it('never contains the letters that make three SDKs use another IV order', () => {
    expect(LIBRARY_NAME).not.toContain('Java');
  });
});
