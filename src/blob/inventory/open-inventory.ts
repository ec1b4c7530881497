import { buffer, text as textOf } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import { md5 } from '../../crypto/bytes.js';
import type { BlindSpot, MaintenanceSource } from '../../envelope/maintenance/maintained.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { anyNumber, groupFaults, object, refuse, type RulesOf } from '../../option-rules.js';
import { ContainerFiles, type InventoryFiles, LocalFiles } from './inventory-files.js';
import { outOfDate } from './left-out.js';
import { MaintainedInventory } from './maintained-inventory.js';
import { type Manifest, parseManifest } from './manifest.js';

/** Options for opening an inventory. */
export interface BlobInventoryOptions {
  /**
   * The container that the account writes inventories to; the path is in it.
   *
   * @defaultValue none: the path is that of a file on this machine
   */
  readonly container?: ContainerClient;
  /**
   * Days after which an inventory is too old to say that a key may be destroyed, 0.1 to 3,650. Objects that were written since are not in
   * it.
   *
   * @defaultValue 8, for rules that run once a week
   */
  readonly maxAgeDays?: number;
}

const DEFAULT_MAX_AGE = 8;
export const BLOB_INVENTORY: RulesOf<BlobInventoryOptions> = { container: object, maxAgeDays: anyNumber(0.1, 3650) };

/**
 * Opens an inventory that Azure Storage wrote of an account's blobs, as a source of a census. Such a census lists no blobs, and
 * is evidence that does not come from this package. It shows the time of the inventory, and counts the blobs of all its
 * containers together. If the inventory is older than `maxAgeDays`, or lists no blob at all, the key may not be destroyed.
 *
 * The rule needs the format CSV and the columns `Name` and `Metadata`. It should include snapshots, versions and deleted blobs,
 * with `Snapshot`, `VersionId`, `IsCurrentVersion`, `Deleted` and `RemainingRetentionDays`: if it leaves any of these out, the
 * key may not be destroyed. Requires the package `csv-parse`.
 *
 * @param path - path of the manifest, `<rule>-manifest.json`, with the files that it lists next to it; or of a single CSV file,
 * which does not show what it leaves out
 * @throws `INVALID_OPTIONS` with all faults of a manifest, and for files that are missing or cut off; later, when it is counted, for
 * rows that are not as the service writes them
 *
 * @example
 * ```ts
 * import { openBlobInventory, runMaintenance, type MaintenanceReport } from 'nestjs-azure-encrypted-storage';
 *
 * export async function count(): Promise<MaintenanceReport> {
 *   const inventory = await openBlobInventory('inventory/all-blobs-manifest.json');
 *   return runMaintenance({ name: 'count', task: { do: 'census', retire: ['clinic:2025'] }, sources: [inventory] });
 * }
 * ```
 */
export async function openBlobInventory(path: string, options: BlobInventoryOptions = {}): Promise<MaintenanceSource> {
  refuse(groupFaults(BLOB_INVENTORY, options));
  const { container, maxAgeDays = DEFAULT_MAX_AGE } = options;
  const files = container === undefined ? new LocalFiles() : new ContainerFiles(container);
  if (/\.json$/i.test(path)) return openManifest(files, path, maxAgeDays);
  if (!/\.csv$/i.test(path))
    throw new InvalidOptionsError(['an inventory is a manifest (.json) or CSV (.csv): Parquet and URLs are not read']);
  if ((await files.size(path)) === null) throw new InvalidOptionsError([`there is no file ${path}`]);
  return new MaintainedInventory({ files, paths: [path], manifest: null, notes: [] });
}

async function openManifest(files: InventoryFiles, path: string, maxAgeDays: number): Promise<MaintenanceSource> {
  if ((await files.size(path)) === null) throw new InvalidOptionsError([`there is no file ${path}`]);
  const bytes = await buffer(await files.open(path));
  const manifest = parseManifest(bytes.toString('utf8'));
  if (!('rule' in manifest)) throw new InvalidOptionsError(manifest.map((fault) => `${path}: ${fault}`));
  const notes = [...outOfDate(manifest, maxAgeDays), ...(await checksumNotes(files, path, bytes))];
  const paths = manifest.files.map(({ blob }) => files.listedPath(path, blob));
  await assertFiles(files, paths, manifest);
  return new MaintainedInventory({ files, paths, manifest, notes });
}

async function assertFiles(files: InventoryFiles, paths: readonly string[], manifest: Manifest): Promise<void> {
  const faults: string[] = [];
  for (const [at, path] of paths.entries()) {
    const [size, expected] = [await files.size(path), manifest.files[at]?.size];
    if (size === null) faults.push(`there is no file ${path}, which the manifest lists`);
    else if (size !== expected) faults.push(`${path} has ${size} bytes, and the manifest says ${expected}`);
    else if (paths.indexOf(path) !== at) faults.push(`the manifest lists ${path} twice`);
  }
  refuse(faults);
}

/** The service writes the MD5 of the manifest to a file next to it, last of all. */
async function checksumNotes(files: InventoryFiles, path: string, bytes: Buffer): Promise<readonly BlindSpot[]> {
  const checksum = path.replace(/\.json$/i, '.checksum');
  if ((await files.size(checksum)) === null) {
    return [{ text: `whether ${path} is as the account wrote it: there is no checksum next to it`, isBlocking: false }];
  }
  const expected = (await textOf(await files.open(checksum))).trim();
  const found = md5(bytes);
  const isSame = expected.toLowerCase() === found.toString('hex') || expected === found.toString('base64');
  if (!isSame) throw new InvalidOptionsError([`${path} does not match the checksum next to it`]);
  return [];
}
