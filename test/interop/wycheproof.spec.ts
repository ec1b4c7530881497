/**
 * The sets of https://github.com/C2SP/wycheproof (folder testvectors_v1) against our ciphers and keys. Not in this
 * repository: WYCHEPROOF_DIR names their folder. What our formats cannot express (labels, 8-byte keys, RSA below 2048 bits,
 * two different hashes) must be rejected. Out of scope: GCM and CBC with keys of 128 and 192 bits, GCM with nonces other
 * than 96 bits.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aesCbcFaults, aesGcmFaults } from '../support/wycheproof-ciphers.js';
import { aesPaddedWrapFaults, aesWrapFaults, type Group, rsaOaepFaults } from '../support/wycheproof-keys.js';

const NAMED_FOLDER = process.env['WYCHEPROOF_DIR'];
const FOLDER = NAMED_FOLDER ?? join(process.cwd(), '..', 'shared', 'vectors', 'wycheproof');

/** File, what checks it, and how many of its cases are in scope (commit dac1dd4 of the sets). */
const SETS = [
  { file: 'aes_wrap_test.json', faultsOf: aesWrapFaults, atLeast: 165 },
  { file: 'aes_kwp_test.json', faultsOf: aesPaddedWrapFaults, atLeast: 254 },
  { file: 'rsa_oaep_2048_sha1_mgf1sha1_test.json', faultsOf: rsaOaepFaults, atLeast: 36 },
  { file: 'rsa_oaep_2048_sha256_mgf1sha256_test.json', faultsOf: rsaOaepFaults, atLeast: 37 },
  { file: 'rsa_oaep_3072_sha256_mgf1sha256_test.json', faultsOf: rsaOaepFaults, atLeast: 37 },
  { file: 'rsa_oaep_misc_test.json', faultsOf: rsaOaepFaults, atLeast: 395 },
  { file: 'aes_gcm_test.json', faultsOf: aesGcmFaults, atLeast: 66 },
  { file: 'aes_cbc_pkcs5_test.json', faultsOf: aesCbcFaults, atLeast: 72 },
];

describe('Wycheproof', () => {
  if (NAMED_FOLDER === undefined && !existsSync(FOLDER)) {
    it.skip('needs the sets: set WYCHEPROOF_DIR to their folder', () => {});
    return;
  }

  it.each(SETS)('$file: accepts what is valid and rejects the rest', async ({ file, faultsOf, atLeast }) => {
    const { testGroups } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { testGroups: Group[] };

    const found = await Promise.all(testGroups.map(async (group) => faultsOf(group)));

    const faults = found.flatMap((group) => group.faults);
    const cases = found.reduce((sum, group) => sum + group.cases, 0);
    expect(faults).toEqual([]);
    expect(cases).toBeGreaterThanOrEqual(atLeast);
  });
});
