/** A census as a table: the objects under each key, or under none, in each protocol. Texts from storage are escaped. */
import { printable } from '../../encoding/printable.js';
import { type CensusEntry, PLACE_NAMES } from '../census.js';

export type Cell = string | number;

export const CENSUS_COLUMNS = ['key', 'protocol', 'integrity', 'place', 'source', 'count'];

const KINDS = {
  plain: '(plaintext)',
  unfinished: '(unfinished upload)',
  lookup: '(lookup entry)',
  damaged: '(unreadable)',
} as const;

export const keyLabel = ({ kind, keyId }: CensusEntry): string =>
  kind === 'sealed' ? printable(keyId ?? '') : KINDS[kind];

/** Sorted by number of objects, largest first. */
export function censusRows(entries: readonly CensusEntry[]): readonly (readonly Cell[])[] {
  const rows = new Map<string, { readonly cells: readonly string[]; readonly count: number }>();
  for (const entry of entries) {
    const { kind, protocol, place, isOfPages, integrity, source, count } = entry;
    const cells = [
      keyLabel(entry),
      protocol === null ? '' : printable(protocol),
      kind !== 'sealed' ? '' : integrity ? 'yes' : 'no',
      isOfPages === true && place === 'current' ? 'page blob' : PLACE_NAMES[place],
      printable(source),
    ];
    const id = JSON.stringify(cells);
    rows.set(id, { cells, count: count + (rows.get(id)?.count ?? 0) });
  }
  const sorted = [...rows.values()].sort((one, other) => other.count - one.count);
  return sorted.map(({ cells, count }) => [...cells, count]);
}

export const grouped = (count: number): string => count.toLocaleString('en-US');
