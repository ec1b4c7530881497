import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isMaintenanceClean, openBlobInventory, runMaintenance } from 'nestjs-azure-encrypted-storage';
import { inventoryRow, mayBeKeptBack } from '../../../src/blob/inventory/inventory-row.js';
import { csvOf, downloaded, SCHEMA } from '../../support/inventories.js';

describe('a blob under a customer-provided key', () => {
  const kindOf = (cells: Record<string, string>) => {
    const row = inventoryRow({ name: 'scans/one', ...cells }, null);
    return row.kind === 'blob' ? row.object.state.kind : row.kind;
  };

  it('is not taken for plaintext where an inventory has no metadata of it', () => {
    expect(kindOf({ metadata: '', customerprovidedkeysha256: '3QFFFpRA5+XANHqwwbT4' })).toBe('damaged');
    expect(kindOf({ metadata: '{}', customerprovidedkeysha256: '3QFFFpRA5+XANHqwwbT4' })).toBe('plain');
    expect(kindOf({ metadata: '', customerprovidedkeysha256: '' })).toBe('plain');
  });

  it.each([
    [{ metadata: '' }, true],
    [{ metadata: '{"ward":"3"}' }, false],
    [{ metadata: '', customerprovidedkeysha256: '' }, false],
  ])('may be one where nothing says that it is not: %j', (cells, isPossible) => {
    expect(mayBeKeptBack(cells)).toBe(isPossible);
  });

  it.each([
    ['a blob without metadata, and no column of such keys', '', SCHEMA.slice(0, -1), 'no'],
    ['a blob with other metadata', '{"ward":"3"}', SCHEMA.slice(0, -1), 'after'],
    ['a column of such keys', '', SCHEMA, 'after'],
  ])('lets no key be destroyed where it may be missed: %s', async (_what, metadata, schemaFields, mayDestroy) => {
    const rows = [{ Name: 'scans/one', BlobType: 'BlockBlob', Metadata: metadata }];
    const files = [csvOf(rows, schemaFields)];
    const folder = downloaded({ files, objectCount: 1, definition: { schemaFields } });
    try {
      const sources = [await openBlobInventory(join(folder, 'all-manifest.json'), { maxAgeDays: 3650 })];
      const task = { do: 'census', retire: ['clinic:2025'] } as const;

      const report = await runMaintenance({ name: 'count', task, sources });

      expect(report.census.verdict?.mayDestroy).toBe(mayDestroy);
      expect(isMaintenanceClean(report)).toBe(mayDestroy !== 'no');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
