/** A census from inventory files of the account: what it counts, what it cannot see, and that damage is never clean. */
import { rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  formatMaintenanceReport,
  isMaintenanceClean,
  type MaintenanceReport,
  openBlobInventory,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import {
  COMPLETED,
  csvOf,
  downloaded,
  type Row,
  SCHEMA,
  STARTED,
  type WrittenInventory,
} from '../../support/inventories.js';

const OLD = 'clinic:2025';
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

const dataOf = (keyId: string, protocol = '2.1'): string =>
  JSON.stringify({
    WrappedContentKey: { KeyId: keyId, EncryptedKey: 'AAAA', Algorithm: 'A256KW' },
    EncryptionAgent: { Protocol: protocol, EncryptionAlgorithm: 'AES_GCM_256' },
    EncryptedRegionInfo: { DataLength: 4194304, NonceLength: 12 },
    KeyWrappingMetadata: { EncryptionLibrary: 'Python 12.31.1' },
  });
const sealed = (name: string, keyId = OLD, more: Row = {}): Row => ({
  ...{ Name: `scans/${name}`, BlobType: 'BlockBlob', Metadata: JSON.stringify({ encryptiondata: dataOf(keyId) }) },
  ...more,
});
const young = (name: string, more: Row = {}): Row => sealed(name, 'clinic:2026', more);

function written(rows: readonly Row[], more: Partial<WrittenInventory> = {}): string {
  const folder = downloaded({ files: [csvOf(rows)], objectCount: rows.length, ...more });
  folders.push(folder);
  return folder;
}
const count = async (path: string): Promise<MaintenanceReport> =>
  runMaintenance({ name: 'count', task: { do: 'census', retire: [OLD] }, sources: [await openBlobInventory(path)] });
const counted = (rows: readonly Row[], more: Partial<WrittenInventory> = {}) =>
  count(join(written(rows, more), 'all-manifest.json'));
const refused = (path: string) =>
  count(path).then(
    () => 'it was counted',
    (error: unknown) => (error as { readonly faults?: readonly string[] }).faults,
  );

describe('a census of an inventory', () => {
  it('counts by key, protocol and place, across any number of files', async () => {
    const rows = [
      sealed('one'),
      young('two, with "quotes"\nand lines'),
      sealed('former', OLD, { VersionId: '2026-01-01T00:00:00Z', IsCurrentVersion: '' }),
      young('current', { VersionId: '2026-01-01T00:00:00Z', IsCurrentVersion: 'true' }),
      sealed('old', OLD, { Snapshot: '2026-01-01T00:00:00Z' }),
      sealed('gone', OLD, { Deleted: 'true', RemainingRetentionDays: '6' }),
      { Name: 'scans/clear', Metadata: '' },
      { Name: 'scans/clear too', Metadata: '{}' },
      { Name: 'scans/case', Metadata: JSON.stringify({ Patient: '17', EncryptionData: dataOf(OLD, '1.0') }) },
      { Name: 'scans/damaged', Metadata: JSON.stringify({ encryptiondata: '{"no' }) },
    ];
    const files = [csvOf(rows.slice(0, 4)), csvOf([]), csvOf(rows.slice(4))];

    const report = await counted(rows, { files });

    expect(report.seen).toBe(10);
    expect(
      report.census.entries.map(({ place, kind, keyId, protocol, count: amount }) => [
        ...[place, kind, keyId, protocol, amount],
      ]),
    ).toEqual([
      ['current', 'sealed', OLD, '2.1', 1],
      ['current', 'sealed', 'clinic:2026', '2.1', 2],
      ['version', 'sealed', OLD, '2.1', 1],
      ['snapshot', 'sealed', OLD, '2.1', 1],
      ['deleted', 'sealed', OLD, '2.1', 1],
      ['current', 'plain', null, null, 2],
      ['current', 'sealed', OLD, '1.0', 1],
      ['current', 'damaged', null, null, 1],
    ]);
    const goneOn = new Date(COMPLETED.getTime() + 7 * 24 * 60 * 60 * 1000).toISOString();
    expect(report.census.entries.find(({ place }) => place === 'deleted')?.goneOn).toBe(goneOn);
    expect(report.census.verdict?.mayDestroy).toBe('no');
  });

  it('is clean if nothing needs the key, and notes that it is not a listing', async () => {
    const report = await counted([young('one'), young('two')]);

    expect(isMaintenanceClean(report)).toBe(true);
    expect(report.census.verdict).toMatchObject({ mayDestroy: 'after', reasons: [] });
    const text = formatMaintenanceReport(report, 'text');
    expect(text).toContain(`inventory all of ${STARTED} shows what was stored then: it is not a live listing`);
    expect(text).toContain(`blobs that were written since ${STARTED}`);
  });

  it.each<[string, object, RegExp]>([
    ['snapshots', { includeSnapshots: false }, /^snapshots: /],
    ['versions', { includeBlobVersions: false }, /^old versions/],
    ['deleted blobs', { includeDeleted: false }, /^deleted blobs/],
    ['a type of blob', { blobTypes: ['blockBlob', 'appendBlob'] }, /^blobs of type pageBlob/],
    ['old blobs', { creationTime: 3 }, /^blobs that are older/],
    ['a prefix', { excludePrefix: ['scans/x'] }, /^blobs under scans\/x/],
    ['an unknown filter', { lastAccess: { lastNDays: 3 } }, /^blobs that its filter lastAccess may exclude/],
  ])('is not clean if the rule leaves out %s', async (_what, filters, sentence) => {
    const report = await counted([young('one')], { filters });

    expect(report.census.uncounted).toEqual([expect.stringMatching(sentence)]);
    expect(report.census.verdict?.mayDestroy).toBe('no');
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it('is clean for the part of the account that the rule covers, and names that part', async () => {
    const report = await counted([young('one')], { filters: { prefixMatch: ['scans/', ''] } });

    expect(isMaintenanceClean(report)).toBe(true);
    expect(report.census.blindSpots.join('\n')).toMatch(/blobs outside of scans\/: .* lists only these$/m);
  });

  it('leaves out directories, and needs no versions or page blobs if there are directories', async () => {
    const columns = [...SCHEMA, 'hdi_isfolder'];
    const filters = { includeBlobVersions: false, blobTypes: ['blockBlob', 'appendBlob'] };
    const definition = { schemaFields: columns };
    const of = (rows: readonly Row[]) =>
      counted(rows, { files: [csvOf(rows, columns)], objectCount: rows.length, filters, definition });
    const directories = [
      { Name: 'scans/dir', hdi_isfolder: 'true' },
      { Name: 'scans/dir2', Metadata: '{"hdi_isfolder":"true"}' },
    ];

    const report = await of([young('dir/one', { hdi_isfolder: 'false' }), ...directories]);
    expect(report.seen).toBe(1);
    expect(isMaintenanceClean(report)).toBe(true);

    const deleted = await of([young('one'), { Name: 'scans/gone', hdi_isfolder: 'true', Deleted: 'True' }]);
    expect(deleted.census.uncounted).toEqual(['what is in deleted directories']);
    expect(isMaintenanceClean(deleted)).toBe(false);
  });

  it('counts what is marked as a directory but encrypted, or not empty', async () => {
    const marked = { encryptiondata: dataOf(OLD), hdi_isfolder: 'true' };
    const report = await counted([
      { Name: 'scans/sealed', Metadata: JSON.stringify(marked) },
      { Name: 'scans/clear', Metadata: '{"hdi_isfolder":"true"}', 'Content-Length': '1' },
      { Name: 'scans/directory', Metadata: '{"hdi_isfolder":"true"}', 'Content-Length': '0' },
    ]);

    expect(report.census.entries).toMatchObject([
      { kind: 'sealed', keyId: OLD, count: 1 },
      { kind: 'plain', count: 1 },
    ]);
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it('needs versions and page blobs if the column for directories is empty, as in a flat account', async () => {
    const columns = [...SCHEMA, 'hdi_isfolder'];
    const report = await counted([young('one')], {
      files: [csvOf([young('one')], columns)],
      filters: { includeBlobVersions: false, blobTypes: ['blockBlob', 'appendBlob'] },
      definition: { schemaFields: columns },
    });

    expect(report.census.uncounted).toEqual([
      expect.stringMatching(/^old versions/),
      expect.stringMatching(/^blobs of type pageBlob/),
    ]);
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it('reports duplicate rows if there are more rows than the manifest counts', async () => {
    const report = await counted([young('one'), young('one')], { objectCount: 1 });

    expect(report.census.blindSpots.join('\n')).toMatch(
      /^which rows are counted twice: there are more than the manifest counts/m,
    );
  });

  it('reports a missing checksum', async () => {
    const folder = written([young('one')]);
    unlinkSync(join(folder, 'all-manifest.checksum'));

    const report = await count(join(folder, 'all-manifest.json'));

    expect(report.census.blindSpots.join('\n')).toMatch(/no checksum next to it/);
  });

  it('is never clean for a file without its manifest', async () => {
    const report = await count(join(written([young('one')]), 'all_0.csv'));

    expect(report.census.entries).toMatchObject([{ keyId: 'clinic:2026', count: 1 }]);
    expect(report.census.uncounted).toEqual([expect.stringMatching(/whether it is complete/)]);
    expect(isMaintenanceClean(report)).toBe(false);
  });

  it('resumes where it was interrupted, in pages of 5,000 rows', async () => {
    const rows = Array.from({ length: 12_001 }, (_, at) => young(String(at)));
    const inventory = await openBlobInventory(join(written(rows), 'all-manifest.json'));
    const pagesFrom = async (from?: string) => {
      const found: [number, string | undefined, string | undefined][] = [];
      for await (const { objects, next } of inventory.pages({ from, everything: true })) {
        found.push([objects.length, objects[0]?.name, next]);
      }
      return found;
    };

    const pages = await pagesFrom();

    expect(pages).toEqual([
      [5000, 'scans/0', '5000'],
      [5000, 'scans/5000', '10000'],
      [2001, 'scans/10000', undefined],
    ]);
    expect(await pagesFrom('5000')).toEqual(pages.slice(1));
    expect(await pagesFrom('10000')).toEqual(pages.slice(2));
  });

  it('is the only task that an inventory supports', async () => {
    const source = await openBlobInventory(join(written([sealed('one')]), 'all-manifest.json'));

    for (const task of [
      { do: 'rewrap', retire: [OLD] },
      { do: 'reencrypt', when: { keyIds: [OLD] } },
      { do: 'deleteSuperseded', when: { keyIds: [OLD] } },
      { do: 'reindex' },
    ] as const) {
      await expect(runMaintenance({ name: 'x', task, sources: [source] })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
      });
    }
  });
});

describe('a manifest', () => {
  const schemaFields = ['Name', 'Creation-Time'];
  it.each<[string, Partial<WrittenInventory>, RegExp[]]>([
    ['reports a run in progress', { change: { status: 'Pending' } }, [/run is Pending/]],
    ['reports a partly failed run', { change: { status: 'PartiallySucceeded' } }, [/run is PartiallySucceeded/]],
    ['describes Parquet files', { definition: { format: 'parquet' } }, [/is in Parquet, which is not read/]],
    ['lists containers', { definition: { objectType: 'container' } }, [/"objectType"/]],
    [
      'lacks columns',
      { definition: { schemaFields } },
      [/does not report Metadata, Snapshot, VersionId, IsCurrentVersion, Deleted: add/],
    ],
    ['has no count', { change: { summary: {} } }, [/"summary.objectCount"/]],
    ['has a negative count', { objectCount: -1 }, [/"summary.objectCount"/]],
    [
      'has a string instead of a list',
      { filters: { excludePrefix: 'scans/x' } },
      [/"excludePrefix" of the rule must be a list/],
    ],
    [
      'describes something else',
      { change: { status: 1, files: 1, summary: 1, ruleDefinition: 1, ruleName: 1, inventoryStartTime: 1 } },
      [/not the manifest/, /"format"/, /"objectType"/, /"ruleName"/, /"files"/, /"summary/],
    ],
  ])('that %s is rejected, and one error lists every problem', async (_what, more, faults) => {
    const found = await refused(join(written([young('one')], more), 'all-manifest.json'));

    expect(found).toEqual(faults.map((fault) => expect.stringMatching(fault) as string));
  });

  it.each([
    [
      'is changed',
      (folder: string) => writeFileSync(join(folder, 'all-manifest.checksum'), 'x'),
      /does not match the checksum/,
    ],
    [
      'lists a file that does not exist',
      (folder: string) => unlinkSync(join(folder, 'all_0.csv')),
      /there is no file .*all_0\.csv/,
    ],
    [
      'lists a file that was truncated',
      (folder: string) => truncateSync(join(folder, 'all_0.csv'), 100),
      /has 100 bytes, and/,
    ],
    [
      'does not exist',
      (folder: string) => unlinkSync(join(folder, 'all-manifest.json')),
      /there is no file .*manifest\.json/,
    ],
  ])('that %s is rejected', async (_what, spoil, fault) => {
    const folder = written([young('one')]);
    spoil(folder);

    expect(await refused(join(folder, 'all-manifest.json'))).toEqual([expect.stringMatching(fault)]);
  });

  it.each(['inventory.parquet', 'inventory', 'no-such-manifest.json', 'no-such.csv'])(
    '%s is rejected before anything is counted',
    async (path) => {
      expect(await refused(join(written([young('one')]), path))).toEqual([
        expect.stringMatching(/Parquet and URLs are not read|there is no file/),
      ]);
    },
  );
});

describe('a CSV file', () => {
  const rows = [young('one'), young('two'), young('three')];
  const whole = csvOf(rows);
  const lines = whole.split('\n');
  const compressed = gzipSync(csvOf(rows, SCHEMA.slice(0, -1)));
  const withRow = (row: Row): string => csvOf([...rows.slice(0, 2), { ...rows[2], ...row }]);

  it.each<[string, string | Buffer, RegExp]>([
    ['ends between two rows', lines.slice(0, 3).join('\n'), /has 2 rows, and its manifest counts 3/],
    ['ends in a quoted cell', whole.slice(0, whole.length - 60), /is not CSV as/],
    ['ends in a row', whole.slice(0, whole.lastIndexOf('scans/three') + 20), /is not CSV as/],
    ['has a row with an extra cell', whole.replace('scans/two', 'scans/two,x'), /is not CSV as/],
    ['is empty', '', /is empty/],
    ['has only its header', `${lines[0]}\n`, /has 0 rows/],
    ['has other columns', csvOf([{ a: '1' }], ['a', 'b']), /no column Name, Metadata, Snapshot, VersionId/],
    ['lacks its header', lines.slice(1).join('\n'), /no column Name, Metadata/],
    ['has a column twice', csvOf(rows, [...SCHEMA, 'Metadata']), /a column twice/],
    ['has metadata that is not JSON', withRow({ Metadata: 'encryptiondata={}' }), /row 3 .* has metadata that is not/],
    ['has metadata that is a list', withRow({ Metadata: '[{"encryptiondata":"x"}]' }), /row 3 .* has metadata/],
    ['has metadata with an object in it', withRow({ Metadata: '{"encryptiondata":{}}' }), /row 3 .* has metadata/],
    ['has a blob without a name', withRow({ Name: '' }), /row 3 .* has no name/],
    ['has an unknown word for a boolean', withRow({ Deleted: 'yes' }), /row 3 .* under Deleted/],
    ['is compressed', compressed, /is not CSV as/],
    ['is really Parquet', Buffer.concat([Buffer.from('PAR1'), compressed]), /is not CSV as/],
    ['has a quote that does not end', whole.replace('"', '""'), /is not CSV as/],
    ['has a row that never ends', `${whole}"${'x'.repeat(300_000)}`, /is not CSV as/],
  ])('that %s is detected, and nothing is reported', async (_what, file, fault) => {
    const path = join(written(rows, { files: [file], objectCount: 3 }), 'all-manifest.json');

    expect(await refused(path)).toEqual([expect.stringMatching(fault)]);
  });

  it.each([
    ['a byte order mark', `\uFEFF${whole}`],
    ['Windows line endings', whole.replaceAll('\n', '\r\n')],
    ['column names in another letter case', whole.replace(lines[0]!, lines[0]!.toLowerCase())],
    ['no line break at its end', whole.trimEnd()],
  ])('may have %s', async (_what, file) => {
    const report = await counted(rows, { files: [file], objectCount: 3 });

    expect(report.census.entries).toMatchObject([{ keyId: 'clinic:2026', count: 3 }]);
    expect(isMaintenanceClean(report)).toBe(true);
  });
});
