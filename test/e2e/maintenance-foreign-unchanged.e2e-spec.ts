/** Functions for a foreign format that return the stored bytes unchanged: these must not be encrypted twice. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  type EncryptedContainerClient,
  type ForeignSource,
  isMaintenanceClean,
  type MaintenanceOptions,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { containersFor, content } from '../support/blobs.js';
import { after, during } from '../support/maintenance.js';

let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
beforeEach(async () => {
  [both, young] = await containersFor(during(), after());
});

const other = (byte: number): number => byte ^ 0xff;
const raw = () => both.unencryptedClient.getBlockBlobClient('scan');
const run = (foreign: ForeignSource, options: MaintenanceOptions = {}) => {
  const task = { do: 'reencrypt', when: { foreign: true } } as const;
  return runMaintenance({ name: 'leave', task, sources: [both.forMaintenance({ foreign })] }, options);
};
const opened = () => young.getBlockBlobClient('scan').downloadToBuffer();

it.each<[string, number, (stored: Readable) => Promise<Buffer | Readable>]>([
  ['in memory', 100, async (stored: Readable) => buffer(stored)],
  ['as a stream', 9 * 1024 * 1024, (stored: Readable) => Promise.resolve(stored)],
  ['of another blob with the same bytes', 100, async () => raw().downloadToBuffer()],
])(
  'a function that returns the stored bytes %s leaves the blob unchanged, also in a dry run',
  async (_what, length, found) => {
    const bytes = content(length);
    await raw().uploadData(bytes);
    const lazy: ForeignSource = {
      read: async ({ content: stored, metadata }) => ({ content: await found(await stored()), length, metadata }),
    };

    for (const dryRun of [true, false]) {
      const report = await run(lazy, { dryRun });

      expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'FOREIGN_SOURCE_UNCHANGED' }]);
      expect(isMaintenanceClean(report)).toBe(false);
    }
    expect((await raw().downloadToBuffer()).equals(bytes)).toBe(true);
  },
);

it.each([
  ['nothing if nothing is stored', 0],
  ['other bytes of the same number', 100],
])('a function may return %s', async (_what, length) => {
  await raw().uploadData(content(length), { metadata: { archived: 'yes' } });
  const format: ForeignSource = {
    read: async ({ content: stored }) => ({ content: (await buffer(await stored())).map(other), metadata: {} }),
  };

  expect((await run(format)).outcomes).toEqual({ done: 1 });
  expect((await opened()).equals(content(length).map(other))).toBe(true);
});

it('a function that returned stored bytes is called again if another writer replaces the blob', async () => {
  await raw().uploadData(content(100));
  let asked = 0;
  const lazy: ForeignSource = {
    read: async ({ content: stored, metadata }) => {
      const bytes = await buffer(await stored());
      if (asked++ > 0) return { content: bytes.map(other), metadata };
      await raw().uploadData(content(200));
      return { content: bytes, metadata };
    },
  };

  expect((await run(lazy)).outcomes).toEqual({ done: 1 });
  expect(asked).toBe(2);
});
