/** A census as readable rows: what is stored, by key and protocol. Texts from storage are escaped. */
import { printable } from '../../encoding/printable.js';
import { type CensusEntry, placeName } from '../census.js';

/** The objects under one key, or under none, in one protocol. */
interface CensusRow {
  readonly key: string;
  readonly protocol: string;
  readonly place: string;
  readonly integrity: string;
  readonly source: string;
  readonly count: number;
}

const KINDS = {
  plain: '(plaintext)',
  unfinished: '(unfinished upload)',
  lookup: '(lookup entry)',
  damaged: '(unreadable)',
} as const;

export const keyLabel = ({ kind, keyId }: CensusEntry): string =>
  kind === 'sealed' ? printable(keyId ?? '') : KINDS[kind];

/** Sorted by number of objects, largest first. */
export function censusRows(entries: readonly CensusEntry[]): readonly CensusRow[] {
  const rows = new Map<string, CensusRow>();
  for (const entry of entries) {
    const { kind, protocol, place, isOfPages, integrity, source, count } = entry;
    const row = {
      key: keyLabel(entry),
      protocol: protocol === null ? '' : printable(protocol),
      place: isOfPages === true && place === 'current' ? 'page blob' : placeName(place),
      integrity: kind !== 'sealed' ? '' : integrity ? 'yes' : 'no',
      source: printable(source),
    };
    const id = JSON.stringify(row);
    rows.set(id, { ...row, count: count + (rows.get(id)?.count ?? 0) });
  }
  return [...rows.values()].sort((one, other) => other.count - one.count);
}

export const grouped = (count: number): string => count.toLocaleString('en-US');
