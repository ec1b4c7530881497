/** Inventories that prove nothing about a key: those that are too old, dated in the future, or empty. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BlobInventoryOptions,
  isMaintenanceClean,
  type MaintenanceReport,
  openBlobInventory,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { csvOf, downloaded, type Row, STARTED, type WrittenInventory } from '../../support/inventories.js';

/** Milliseconds. */
const DAY = 24 * 60 * 60 * 1000;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const clear: Row = { Name: 'scans/one', Metadata: '' };
function written(rows: readonly Row[], more: Partial<WrittenInventory> = {}): string {
  const folder = downloaded({ files: [csvOf(rows)], objectCount: rows.length, ...more });
  folders.push(folder);
  return join(folder, 'all-manifest.json');
}
async function count(path: string, options: BlobInventoryOptions = {}): Promise<MaintenanceReport> {
  const sources = [await openBlobInventory(path, options)];
  return runMaintenance({ name: 'count', task: { do: 'census', retire: ['clinic:2025'] }, sources });
}

describe('an inventory', () => {
  it.each<[string, number, BlobInventoryOptions, RegExp | null]>([
    ['from a rule that runs once a week', 7.9, {}, null],
    [
      'that is older than the default allows',
      8.1,
      {},
      /^what was written in the 8 days since inventory all began: take a newer one/,
    ],
    ['that is older than maxAgeDays', 2.1, { maxAgeDays: 2 }, /^what was written in the 2 days since/],
    ['that is old, but within maxAgeDays', 300, { maxAgeDays: 365 }, null],
    ['from a clock that runs a little ahead', -0.1, {}, null],
    [
      'dated in the future',
      -2,
      { maxAgeDays: 365 },
      /^whether inventory all is of this account: it began in the future/,
    ],
  ])('%s is judged by its age', async (_what, days, options, sentence) => {
    const change = { inventoryStartTime: new Date(Date.now() - days * DAY).toISOString() };
    const report = await count(written([clear], { change }), options);

    expect(report.census.uncounted).toEqual(sentence === null ? [] : [expect.stringMatching(sentence)]);
    expect(isMaintenanceClean(report)).toBe(sentence === null);
  });

  it.each([0, -1, Infinity, 4000])('cannot have a maxAgeDays of %p', async (maxAgeDays) => {
    const opening = openBlobInventory(written([clear]), { maxAgeDays });

    await expect(opening).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('proves nothing about any key if it is empty or lists only directories', async () => {
    const directories = Array.from({ length: 5001 }, (_, at) => ({
      Name: `scans/${at}`,
      Metadata: '{"hdi_isfolder":"true"}',
      'Content-Length': '0',
    }));

    for (const rows of [[], directories]) {
      const report = await count(written(rows));

      expect(report.census.uncounted).toEqual([`every blob: inventory all of ${STARTED} lists none`]);
      expect(report.census.verdict?.mayDestroy).toBe('no');
      expect(report.warnings.join('\n')).toMatch(/^nothing was seen in inventory all of .*: unless it is empty/m);
      expect(isMaintenanceClean(report)).toBe(false);
    }
    expect(isMaintenanceClean(await count(written([...directories, clear])))).toBe(true);
  });
});
