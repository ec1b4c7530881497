/** Behaviour when the optional peer dependency `csv-parse` is not installed. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Core from '../../../src/core.js';
import { installedPackage } from '../../support/compiled-package.js';
import { csvOf, downloaded } from '../../support/inventories.js';

const core = join(installedPackage({ absent: 'csv-parse' }), 'core.js');
const { openBlobInventory, runMaintenance } = (await import(pathToFileURL(core).href)) as typeof Core;

it('without csv-parse, opening an inventory fails with an error that names what to install', async () => {
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
