import { readFileSync } from 'node:fs';
import { LIBRARY_NAME, PACKAGE_NAME, PACKAGE_VERSION } from '../../src/version.js';

describe('the library name', () => {
  it('has the version of the package, which is known by name too', () => {
    const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, string>;

    expect(PACKAGE_NAME).toBe(name);
    expect(PACKAGE_VERSION).toBe(version);
    expect(LIBRARY_NAME).toBe(`TypeScript ${version}`);
  });

  it('never has the letters that switch three SDKs to another IV order', () => {
    expect(LIBRARY_NAME).not.toContain('Java');
  });
});
