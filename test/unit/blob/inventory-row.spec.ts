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

  it('does not count as plaintext if the inventory has no metadata for it', () => {
    expect(kindOf({ metadata: '', customerprovidedkeysha256: '3QFFFpRA5+XANHqwwbT4' })).toBe('damaged');
    expect(kindOf({ metadata: '{}', customerprovidedkeysha256: '3QFFFpRA5+XANHqwwbT4' })).toBe('plain');
    expect(kindOf({ metadata: '', customerprovidedkeysha256: '' })).toBe('plain');
  });

  it.each([
    [{ metadata: '' }, true],
    [{ metadata: '{"ward":"3"}' }, false],
    [{ metadata: '', customerprovidedkeysha256: '' }, false],
  ])('is suspected if nothing rules it out: %j', (cells, isPossible) => {
    expect(mayBeKeptBack(cells)).toBe(isPossible);
  });

  it.each([
    ['a blob without metadata, and no column for such keys', '', SCHEMA.slice(0, -1), 'no'],
    ['a blob with other metadata', '{"ward":"3"}', SCHEMA.slice(0, -1), 'after'],
    ['a column for such keys', '', SCHEMA, 'after'],
  ])('keeps a key from being destroyed if it may be missed: %s', async (_what, metadata, schemaFields, mayDestroy) => {
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
