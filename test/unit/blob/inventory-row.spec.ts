import { inventoryRow } from '../../../src/blob/inventory/inventory-row.js';
import { leftOut } from '../../../src/blob/inventory/left-out.js';
import { parseManifest } from '../../../src/blob/inventory/manifest.js';
import { inventoryFiles, SCHEMA } from '../../support/inventories.js';

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
    [SCHEMA, 1],
    [[...SCHEMA, 'CustomerProvidedKeySHA256'], 0],
  ])('is named as unknown where the rule has no column of it: %j', (schemaFields, times) => {
    const files = inventoryFiles({ files: [], objectCount: 0, definition: { schemaFields } });
    const text = [...files].find(([path]) => path.endsWith('-manifest.json'))?.[1].toString() ?? '';
    const manifest = parseManifest(text);
    if (!('rule' in manifest)) throw new Error(manifest.join());

    expect(leftOut(manifest, false).filter((spot) => spot.text.includes('customer-provided'))).toHaveLength(times);
  });
});
