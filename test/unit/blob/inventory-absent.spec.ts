/** @jest-environment node */
/** What happens where the optional peer `csv-parse` is not installed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { csvOf, downloaded } from '../../support/inventories.js';

jest.unstable_mockModule('csv-parse', () => {
  throw Object.assign(new Error("Cannot find package 'csv-parse'"), { code: 'ERR_MODULE_NOT_FOUND' });
});
const { openBlobInventory, runMaintenance } = await import('../../../src/core.js');

it('without csv-parse, an inventory says what to install', async () => {
  const folder = downloaded({ files: [csvOf([])], objectCount: 0 });
  try {
    const inventory = await openBlobInventory(join(folder, 'all-manifest.json'));
    const running = runMaintenance({ name: 'count', task: { do: 'census' }, sources: [inventory] });

    await expect(running).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('npm install csv-parse') as string,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
