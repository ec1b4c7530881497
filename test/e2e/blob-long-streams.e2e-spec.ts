/** Streams need constant memory even if one tag covers all of the ciphertext (1.0 with integrity entries). */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BlobServiceClient } from '@azure/storage-blob';
import { connectionString, uniqueName } from '../support/azurite.js';
import { compiledPackage } from '../support/compiled-package.js';

const MIB = 1024 * 1024;
/** Both are longer than what waits in memory for its tag. */
const LENGTHS = [12 * MIB, 44 * MIB];
/** Allows for socket buffers and uncollected garbage. Buffered content would add 32 MiB. */
const TOLERANCE = 16 * MIB;

/** In bytes, for the shorter and the longer content. */
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
] as const)('%s of 44 MiB holds no more memory than one of 12 MiB', (_what, work) => {
  const [long, longer] = peaks[work];

  expect(long).toBeGreaterThan(MIB);
  expect(longer - long).toBeLessThan(TOLERANCE);
});
