/** Inventories as an account writes them: CSV files, their manifest, and its checksum. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SCHEMA = [
  ...['Name', 'Creation-Time', 'BlobType', 'Content-Length', 'Metadata'],
  ...['Snapshot', 'VersionId', 'IsCurrentVersion', 'Deleted', 'RemainingRetentionDays', 'CustomerProvidedKeySha256'],
] as const;

export type Row = Readonly<Partial<Record<string, string>>>;

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const csvOf = (rows: readonly Row[], columns: readonly string[] = SCHEMA): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]
    .map((cells) => `${cells.map(cell).join(',')}\n`)
    .join('');

export interface WrittenInventory {
  /** The column names of each CSV file. */
  readonly files: readonly (string | Buffer)[];
  readonly objectCount: number;
  readonly filters?: object;
  readonly definition?: object;
  /** Members of the manifest that differ from an ordinary one. */
  readonly change?: object;
}

export const EVERYTHING = {
  blobTypes: ['blockBlob', 'appendBlob', 'pageBlob'],
  includeSnapshots: true,
  includeBlobVersions: true,
  includeDeleted: true,
};
/** An hour ago, in the time format of the service. */
export const STARTED = `${new Date(Date.now() - 60 * 60 * 1000).toISOString().slice(0, 19)}Z`;
/** Ten minutes later. */
export const COMPLETED = new Date(Date.parse(STARTED) + 10 * 60 * 1000);
export const FOLDER = '2026/05/26/13-25-36/all';

/** The files by their paths below {@link FOLDER}. */
export function inventoryFiles({ files, objectCount, ...given }: WrittenInventory): ReadonlyMap<string, Buffer> {
  const { filters = {}, definition = {}, change = {} } = given;
  const contents = files.map((file) => Buffer.from(file as Buffer));
  const manifest = JSON.stringify({
    destinationContainer: 'inventory',
    endpoint: 'https://clinic.blob.core.windows.net',
    files: contents.map(({ length }, at) => ({ blob: `${FOLDER}/all_${at}.csv`, size: length })),
    inventoryCompletionTime: COMPLETED.toISOString(),
    inventoryStartTime: STARTED,
    ruleDefinition: {
      ...{ filters: { ...EVERYTHING, ...filters }, format: 'csv', objectType: 'blob', schedule: 'daily' },
      schemaFields: SCHEMA,
      ...definition,
    },
    ...{ ruleName: 'all', status: 'Succeeded', summary: { objectCount, totalObjectSize: 1 }, version: '1.0' },
    ...change,
  });
  return new Map([
    ...contents.map((content, at): [string, Buffer] => [`all_${at}.csv`, content]),
    ['all-manifest.json', Buffer.from(manifest)],
    ['all-manifest.checksum', Buffer.from(createHash('md5').update(manifest).digest('hex'))],
  ]);
}

/** Writes the files to a new folder, as if downloaded, and returns the folder. */
export function downloaded(inventory: WrittenInventory): string {
  const folder = mkdtempSync(join(tmpdir(), 'inventory-'));
  for (const [name, content] of inventoryFiles(inventory)) writeFileSync(join(folder, name), content);
  return folder;
}
