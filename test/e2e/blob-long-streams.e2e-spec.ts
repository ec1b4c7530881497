/** What a stream holds does not grow with its content, where one tag covers all of the ciphertext (1.0 with integrity entries). */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { connectionString, uniqueName } from '../support/azurite.js';
import { compiledPackage } from '../support/compiled-package.js';

const MIB = 1024 * 1024;
/** Both are longer than what waits in memory for its tag. */
const LENGTHS = [12 * MIB, 44 * MIB];
/** Buffers of sockets, and what the collector has not reached. Content that was held would be 32 MiB more. */
const TOLERANCE = 16 * MIB;

/** In bytes, of the shorter and of the longer content. */
type Peaks = readonly [long: number, longer: number];

let peaks: Readonly<Record<'upload' | 'verify' | 'require', Peaks>>;

beforeAll(async () => {
  const container = uniqueName('streams');
  await BlobServiceClient.fromConnectionString(connectionString()).createContainer(container);
  const said = JSON.stringify({ connectionString: connectionString(), container, lengths: LENGTHS });
  const script = join('test', 'support', 'long-streams.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, compiledPackage(), said]);
  peaks = JSON.parse(stdout) as typeof peaks;
}, 120_000);

it.each([
  ['an upload', 'upload'],
  ['a download under "verify"', 'verify'],
  ['a download under "require"', 'require'],
] as const)('%s of 44 MiB holds no more than one of 12', (_what, work) => {
  const [long, longer] = peaks[work];

  expect(long).toBeGreaterThan(MIB);
  expect(longer - long).toBeLessThan(TOLERANCE);
});
