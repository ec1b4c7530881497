/**
 * A row of an inventory as an object of a census. A row that is not in the form that the service writes is a fault, never
 * plaintext.
 */
import type { MaintainedObject } from '../../envelope/maintenance/maintained.js';
import { storedState } from '../../envelope/maintenance/stored-state.js';
import { encryptionDataOf } from '../../wire/blob-metadata.js';
import { parseObject } from '../../wire/json.js';
import { copyOf, goneAfter, isDirectoryEntry, ofPages, placeOf } from '../maintenance/listed-blob.js';
import type { Facts } from '../maintenance/listing-page.js';

/** Cells by the name of their column in lower case. */
export type InventoryCells = Readonly<Record<string, string | undefined>>;

/** A column of accounts with a hierarchical namespace. */
const OF_HIERARCHIES = 'hdi_isfolder';

/** Whether the account has a hierarchical namespace. A rule of any account may name the column, and then its cells are empty. */
export const isOfHierarchy = (cells: InventoryCells): boolean => (cells[OF_HIERARCHIES] ?? '').trim() !== '';

/** What is wrong with a row; the text contains nothing from the row. */
export class RowFault extends Error {}

type InventoryRow =
  | { readonly kind: 'blob'; readonly object: MaintainedObject }
  | { readonly kind: 'directory'; readonly isDeleted: boolean };

/** @param takenOn - when the inventory was complete; `null` if nobody knows */
export function inventoryRow(cells: InventoryCells, takenOn: Date | null): InventoryRow {
  const { name = '' } = cells;
  if (name === '') throw new RowFault('has no name');
  const metadata = metadataIn(cells['metadata'] ?? '');
  const isDeleted = flagIn(cells['deleted'], 'Deleted');
  const isCalledSo = flagIn(cells[OF_HIERARCHIES], OF_HIERARCHIES);
  if (isDirectoryEntry({ metadata, isCalledSo, length: cells['content-length'] })) {
    return { kind: 'directory', isDeleted };
  }
  const where = factsIn(cells, isDeleted);
  const goneOn = isDeleted && takenOn !== null ? goneAfter(cells['remainingretentiondays'], takenOn) : undefined;
  const state = isKeptBack(cells) ? ({ kind: 'damaged' } as const) : storedState(encryptionDataOf(metadata));
  const isOfPages = ofPages(cells['blobtype']);
  return { kind: 'blob', object: { name, copy: copyOf(where), place: placeOf(where), isOfPages, state, goneOn } };
}

/** The facts as a listing would show them. */
function factsIn(cells: InventoryCells, isDeleted: boolean): Facts {
  const { snapshot = '', versionid = '' } = cells;
  const isCurrent = flagIn(cells['iscurrentversion'], 'IsCurrentVersion');
  return {
    Deleted: String(isDeleted),
    Snapshot: snapshot,
    ...(versionid === '' ? {} : { VersionId: versionid, IsCurrentVersion: String(isCurrent) }),
  };
}

/** Whether a blob without metadata may be one whose metadata is kept back, because the inventory does not say which are. */
export const mayBeKeptBack = ({ customerprovidedkeysha256, metadata = '' }: InventoryCells): boolean =>
  customerprovidedkeysha256 === undefined && metadata.trim() === '';

/** Metadata of a blob under a customer-provided key is not for everyone: an empty cell does not say that the blob has none. */
const isKeptBack = ({ customerprovidedkeysha256: key = '', metadata = '' }: InventoryCells): boolean =>
  key.trim() !== '' && metadata.trim() === '';

/** An empty cell is a blob without metadata. */
function metadataIn(cell: string): Readonly<Record<string, string>> {
  if (cell.trim() === '') return {};
  const metadata = parseObject(cell);
  if (metadata === null || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw new RowFault('has metadata that is not a JSON object of texts');
  return metadata as Readonly<Record<string, string>>;
}

const FLAGS: Readonly<Record<string, boolean>> = { '': false, false: false, true: true };

function flagIn(cell: string | undefined, column: string): boolean {
  const word = (cell ?? '').trim().toLowerCase();
  const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
  if (flag === undefined) throw new RowFault(`has a value under ${column} that is neither true nor false`);
  return flag;
}
