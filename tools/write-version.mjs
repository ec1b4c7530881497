/** Copies the version in package.json to src/version.ts, which is written into stored objects. */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../src/version.ts', import.meta.url);
const LINE = /^export const PACKAGE_VERSION = '.*';$/m;

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const text = readFileSync(FILE, 'utf8');
if (!LINE.test(text)) throw new Error('src/version.ts has no line that exports PACKAGE_VERSION');
writeFileSync(FILE, text.replace(LINE, `export const PACKAGE_VERSION = '${version}';`));
