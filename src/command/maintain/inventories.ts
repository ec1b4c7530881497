/** Inventories of the command line as sources of a census: files on this machine, or blobs of the container that has them. */
import { openBlobInventory } from '../../blob/inventory/open-inventory.js';
import type { MaintenanceSource } from '../../envelope/maintenance/maintained.js';
import type { Account } from '../account.js';
import { numberIn, type Values } from './arguments.js';

export async function inventoriesOf(
  { inventory = [], 'inventory-container': name, 'inventory-max-age': maxAge }: Values,
  account: Account | null,
): Promise<readonly MaintenanceSource[]> {
  const container = name === undefined ? undefined : account?.blobs.getContainerClient(name);
  const options = { container, maxAgeDays: numberIn(maxAge) };
  const opened: MaintenanceSource[] = [];
  for (const path of inventory) opened.push(await openBlobInventory(path, options));
  return opened;
}
