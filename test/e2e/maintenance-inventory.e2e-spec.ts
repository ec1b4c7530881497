/** A census of an inventory compared with one of a listing, from its container, and as a command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import {
  type CensusEntry,
  type EncryptedContainerClient,
  isMaintenanceClean,
  type MaintenanceReport,
  type MaintenanceSource,
  openBlobInventory,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { PageProxy } from '../support/page-proxy.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { containersFor } from '../support/blobs.js';
import { type Command, compileCommand } from '../support/command.js';
import { csvOf, FOLDER, inventoryFiles, type Row, STARTED } from '../support/inventories.js';
import { after, before, OLD } from '../support/maintenance.js';

const service = BlobServiceClient.fromConnectionString(connectionString());
const MANIFEST = `${FOLDER}/all-manifest.json`;

let command: Command;
let folder: string;
let old: EncryptedContainerClient;
let inventory: string;
beforeAll(() => {
  command = compileCommand();
  folder = mkdtempSync(join(tmpdir(), 'inventory-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  const [one, other] = await containersFor(before(), after());
  old = one;
  for (const name of ['one', 'two'])
    await old.getBlockBlobClient(name).uploadData(name, { metadata: { Patient: '17' } });
  await old.unencryptedClient.getBlockBlobClient('two').createSnapshot();
  await other.getBlockBlobClient('young, "really"').uploadData('three');
  await old.unencryptedClient.getBlockBlobClient('clear').upload('x', 1);
  inventory = await writtenInventory();
});

/** Writes the blobs that the account would write, generated from a listing. */
async function writtenInventory(): Promise<string> {
  const rows: Row[] = [];
  for await (const item of old.listBlobsFlat({ includeMetadata: true, includeSnapshots: true })) {
    const { metadata = {}, snapshot } = item;
    const Metadata = Object.keys(metadata).length === 0 ? '' : JSON.stringify(metadata);
    rows.push({ Name: `${old.containerName}/${item.name}`, Metadata, Snapshot: snapshot });
  }
  const container = service.getContainerClient(uniqueName('inventory'));
  await container.create();
  const files = [csvOf(rows.slice(0, 2)), csvOf(rows.slice(2))];
  for (const [name, bytes] of inventoryFiles({ files, objectCount: rows.length })) {
    await container.getBlockBlobClient(`${FOLDER}/${name}`).uploadData(bytes);
    writeFileSync(join(folder, name), bytes);
  }
  return container.containerName;
}

const census = (source: MaintenanceSource): Promise<MaintenanceReport> =>
  runMaintenance({ name: 'count', task: { do: 'census', retire: [OLD] }, sources: [source] });
const countsOf = ({ census: { entries } }: MaintenanceReport): readonly string[] =>
  entries
    .map(({ source: _source, goneOn: _goneOn, ...entry }: CensusEntry) => JSON.stringify(Object.entries(entry).sort()))
    .sort();

it('counts the same as a listing', async () => {
  const listed = await census(old.forMaintenance());
  const counted = await census(await openBlobInventory(MANIFEST, { container: service.getContainerClient(inventory) }));

  expect(countsOf(counted)).toEqual(countsOf(listed));
  expect(counted.seen).toBe(5);
  expect(isMaintenanceClean(counted)).toBe(false);
});

it('waits for a busy service while it reads, and counts no row twice', async () => {
  const proxy = await PageProxy.start();
  try {
    proxy.fate = (action, earlier) =>
      action === 'read' && earlier === 3 ? { status: 503, code: 'ServerBusy' } : 'pass';
    const busy = BlobServiceClient.fromConnectionString(proxy.connectionString, { retryOptions: { maxTries: 1 } });

    const counted = await census(await openBlobInventory(MANIFEST, { container: busy.getContainerClient(inventory) }));

    expect(proxy.actions.filter((action) => action === 'read').length).toBeGreaterThan(4);
    expect(counted.seen).toBe(5);
  } finally {
    await proxy.close();
  }
});

describe('maintain census --inventory', () => {
  const maintain = (env: Record<string, string>, ...args: string[]) =>
    command.run(['maintain', 'census', '--retire', OLD, ...args], env);

  it('needs no account for local files', async () => {
    const { code, stdout, stderr } = await maintain({}, '--inventory', join(folder, 'all-manifest.json'));

    expect([code, stderr]).toEqual([1, 'Counting.\nThe census is done.\n']);
    expect(stdout).toMatch(/May clinic:2025 be destroyed\? No\./);
    expect(stdout).toContain(`1 × snapshot in inventory all of ${STARTED} under key clinic:2025`);
  });

  it('gives no verdict on a key once the inventory is older than --inventory-max-age', async () => {
    const path = join(folder, 'all-manifest.json');
    const { stdout } = await maintain({}, '--inventory', path, '--inventory-max-age', '1');
    // an hour is 0.042 days
    const refused = await maintain({}, '--inventory', path, '--inventory-max-age', '0.01');

    expect(stdout).not.toMatch(/take a newer one/);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/"maxAgeDays" must be/)]);
    expect(await maintain({}, '--container', 'scans', '--inventory-max-age', '1')).toMatchObject({ code: 2 });
  });

  it('reads the container that the account writes to alongside a listing of another', async () => {
    const env = { AZURE_STORAGE_CONNECTION_STRING: connectionString() };
    const args = [
      '--inventory',
      MANIFEST,
      '--inventory-container',
      inventory,
      '--container',
      old.containerName,
      '--json',
    ];

    const { code, stdout } = await maintain(env, ...args);

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ seen: 10 });
  });

  it('exits with 2 if the files are not an inventory', async () => {
    const path = join(folder, 'other.parquet');

    expect(await maintain({}, '--inventory', path)).toMatchObject({ code: 2, stdout: '' });
    expect((await maintain({}, '--inventory', path)).stderr).toMatch(/Parquet and URLs are not read/);
  });
});
