/** A `--config` module is JavaScript, so nothing has checked its policy before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configured } from '../../../src/command/configured-policy.js';

const folder = mkdtempSync(join(tmpdir(), 'configured-'));
afterAll(() => rmSync(folder, { recursive: true }));
let modules = 0;

async function faultsOf(exported: string): Promise<readonly string[]> {
  const path = join(folder, `${(modules += 1)}.mjs`);
  writeFileSync(path, `export const policy = ${exported};`);
  return configured(path).then(
    () => [],
    (error: unknown) => (error as { readonly faults: readonly string[] }).faults,
  );
}

it.each([
  ["{ protocol: '2.1', requireEncryption: true }"],
  ["{ protocol: '2.1', integrity: 'require', readProtocols: ['2.1'], allowKey: () => true, keyResolver: () => null }"],
  ["new (class { protocol = '2.1'; own = 1; get requireEncryption() { return true; } allowKey() { return true; } })()"],
])('the policy %s is accepted', async (exported) => {
  expect(await faultsOf(exported)).toEqual([]);
});

it.each([
  ['importing.mjs', "import '@clinic/keys/vault';"],
  ['requiring.cjs', "require('@clinic/keys');"],
])('the module %s, which needs a package that is not installed, is rejected with its name', async (name, source) => {
  const path = join(folder, name);
  writeFileSync(path, source);

  await expect(configured(path)).rejects.toMatchObject({
    faults: ['the module of --config cannot be loaded: it needs the package @clinic/keys'],
  });
});

it.each([
  ['an-own-import.mjs', "import './absent.mjs';"],
  ['an-own-require.cjs', "require('./absent.cjs');"],
  ['an-absolute-require.cjs', "require('/absent/keys.cjs');"],
])('the module %s, which needs a file that does not exist, is rejected without a name', async (name, source) => {
  const path = join(folder, name);
  writeFileSync(path, source);

  await expect(configured(path)).rejects.toMatchObject({
    faults: [expect.stringMatching(/^the module of --config cannot be loaded: (?:ERR_)?MODULE_NOT_FOUND$/)],
  });
});

it.each([
  ["{ protocol: '2.1', allowKeys: () => false }", /"policy\.allowKeys" is not an option: the options are protocol, /],
  ["{ protocol: '2.1', integrity: 'Require' }", /"policy\.integrity" must be one of "verify", "require", "off"/],
  ["{ protocol: '2.1', requireEncryption: 'no' }", /"policy\.requireEncryption" must be true or false/],
  ["{ protocol: '2.1', allowKey: null }", /"policy\.allowKey" must be a function/],
  ["{ protocol: '2.1', keyResolver: [] }", /"policy\.keyResolver" must be a function, such as "resolve" of a KeyRing/],
  ['{ keyResolver: () => null }', /"policy\.protocol" must be one of 1\.0, 2\.0, 2\.1/],
  ['null', /must export "policy", an EncryptionPolicy/],
])('the policy %s is rejected', async (exported, fault) => {
  expect(await faultsOf(exported)).toEqual([expect.stringMatching(fault)]);
});
