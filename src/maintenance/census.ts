/** Counts of what is stored, by key, protocol and place, and what they mean for a key that you want to destroy. */
import { isAmong, type KeyIds } from '../envelope/maintenance/key-ids.js';
import type { MaintainedObject, ObjectPlace } from '../envelope/maintenance/maintained.js';
import type { TagsState } from '../envelope/maintenance/outcome.js';
import type { StoredState } from '../envelope/maintenance/stored-state.js';
import { isChosen, type MaintenanceTask, without } from '../envelope/maintenance/task.js';

/** A group of similar objects. */
export interface CensusEntry {
  /** Kind and name of the source: `blobs scans`. */
  readonly source: string;
  readonly place: ObjectPlace;
  readonly kind: StoredState['kind'];
  /** Of encrypted objects; `null` for others. */
  readonly keyId: string | null;
  readonly protocol: string | null;
  /** Whether they have integrity entries. */
  readonly integrity: boolean;
  /** The library that wrote them, as it is stored. */
  readonly library: string | null;
  /** For page blobs, which are always in protocol 1.0. */
  readonly isOfPages?: true;
  /** What is wrong with their search tags, if that was counted. */
  readonly tags?: TagsState;
  readonly count: number;
  /** When the last of them is gone, for deleted ones; ISO 8601. */
  readonly goneOn?: string;
}

/** Whether you may destroy the keys that a job retires. Never a plain yes, because a census cannot see everything. */
export interface KeyVerdict {
  readonly retire: KeyIds;
  /** `no`: something needs them, see `reasons`. `after`: nothing that was counted needs them after that time. */
  readonly mayDestroy: 'no' | 'after';
  /** ISO 8601; with `after`. */
  readonly after?: string;
  readonly reasons: readonly string[];
}

/** Numbers of rows by what is wrong with their search tags. */
export type TagCounts = Readonly<Record<TagsState, number>>;

/** Counts of what is stored. */
export interface Census {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly entries: readonly CensusEntry[];
  /** Rows with wrong search tags; absent unless the census looked at tags. Without any, searches find every row. */
  readonly tags?: TagCounts;
  /** Absent if the job retires no key. */
  readonly verdict?: KeyVerdict;
  /** What this census did not see, or cannot see. */
  readonly blindSpots: readonly string[];
  /** The blind spots that could not be listed and may contain objects that the task selects. */
  readonly uncounted: readonly string[];
}

/** Maximum number of separate entries. Anyone who can write to storage can choose key ids, so there must be a limit. */
const MOST_ENTRIES = 5000;
const OTHERS = '(other keys)';

type Group = Omit<CensusEntry, 'count' | 'goneOn'>;

interface Counted {
  readonly group: Group;
  count: number;
  goneOn: string | undefined;
}

export class Tally {
  readonly #groups = new Map<string, Counted>();
  /** The group of the last object, because the next one is usually alike. */
  #last: Counted | undefined;

  constructor(entries: readonly CensusEntry[] = []) {
    this.addAll(entries);
  }

  count(source: string, { place, isOfPages, state, goneOn }: MaintainedObject, tags?: TagsState): void {
    const { keyId, protocol, integrity, library } = state.kind === 'sealed' ? state : NOT_SEALED;
    const group = { source, place, kind: state.kind, keyId, protocol, integrity, library, isOfPages, tags };
    const last = this.#last;
    if (last !== undefined && (goneOn ?? last.goneOn) === undefined && isSame(last.group, group)) last.count += 1;
    else this.#last = this.#add({ group, count: 1, goneOn: goneOn?.toISOString() });
  }

  addAll(entries: readonly CensusEntry[]): void {
    for (const { count, goneOn, ...group } of entries) this.#add({ group, count, goneOn });
  }

  get entries(): readonly CensusEntry[] {
    return [...this.#groups.values()].map(({ group, count, goneOn }) => ({ ...group, count, goneOn }));
  }

  #add({ group, count, goneOn }: Counted): Counted {
    // deleted objects with an unknown end are counted separately from those with a known one
    const key = JSON.stringify([...MEMBERS.map((name) => group[name]), goneOn === undefined]);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.count += count;
      if (goneOn !== undefined && goneOn > (known.goneOn ?? '')) known.goneOn = goneOn;
      return known;
    }
    if (this.#groups.size >= MOST_ENTRIES && group.keyId !== OTHERS) {
      return this.#add({ group: { ...group, keyId: OTHERS, protocol: null, library: null }, count, goneOn });
    }
    const counted = { group, count, goneOn };
    this.#groups.set(key, counted);
    return counted;
  }
}

/** What the objects of a group have in common. */
const MEMBERS = ['source', 'place', 'kind', 'keyId', 'protocol', 'integrity', 'library', 'isOfPages', 'tags'] as const;

const isSame = (one: Group, other: Group): boolean => MEMBERS.every((name) => one[name] === other[name]);

const NOT_SEALED = { keyId: null, protocol: null, integrity: false, library: null } as const;

export function tagCounts(entries: readonly CensusEntry[]): TagCounts {
  const counts = { untagged: 0, mismatched: 0, outdated: 0, unlisted: 0, leftover: 0 };
  for (const { tags, count } of entries) if (tags !== undefined) counts[tags] += count;
  return counts;
}

/** What no listing of an account shows. */
export const UNSEEN = [
  'messages that are still in queues, other than poison queues: keep the key as long as the longest time to live of your messages',
  'containers, tables and queues that are not part of this job, and containers that were deleted and can be restored',
  'other accounts, replicas of this one, backup vaults, point-in-time restore, exports and local copies',
  'programs that still write with the key, or hold wrapped content keys elsewhere',
];

/** @param uncounted - what the sources could not show, as sentences; each is a reason not to destroy a key */
export function verdictOn(
  retire: KeyIds,
  entries: readonly CensusEntry[],
  { finishedAt, uncounted }: { readonly finishedAt: string; readonly uncounted: readonly string[] },
): KeyVerdict {
  const isLeft = ({ kind, keyId }: CensusEntry): boolean =>
    keyId === OTHERS || (kind === 'sealed' && isAmong(retire, keyId ?? ''));
  const left = entries.filter(isLeft);
  const passing = left.filter(({ place, goneOn }) => place === 'deleted' && goneOn !== undefined);
  const blocking = left.filter((entry) => !passing.includes(entry));
  const unreadable = entries.filter(({ kind }) => kind === 'damaged');
  const unfinished = entries.filter(({ kind }) => kind === 'unfinished');
  const reasons = [
    ...blocking.map(
      ({ count, source, place, keyId }) => `${count} × ${PLACE_NAMES[place]} in ${source} under key ${keyId}`,
    ),
    ...unreadable.map(
      ({ count, source }) => `${count} in ${source} whose encryption data cannot be read: inspect them`,
    ),
    ...unfinished.map(({ count, source }) => `${count} page blobs in ${source} whose upload has not finished`),
    ...uncounted,
  ];
  if (reasons.length > 0) return { retire, mayDestroy: 'no', reasons };
  const after = [finishedAt, ...passing.map(({ goneOn }) => goneOn as string)].sort().at(-1) as string;
  const waiting = passing.map(({ count, source }) => `${count} × deleted in ${source} can be restored until then`);
  return { retire, mayDestroy: 'after', after, reasons: waiting };
}

/** Whether a choice of objects, such as plaintext, has some left: those that a job cannot change, and those that came while it ran. */
export function hasUnfinished(task: MaintenanceTask, { entries, uncounted }: Census): boolean {
  if (task.do !== 'reencrypt' && task.do !== 'deleteSuperseded') return false;
  return uncounted.length > 0 || entries.some((entry) => isChosen(taskAt(task, entry), stateOf(entry)));
}

const NOTHING: MaintenanceTask = { do: 'census' };

/**
 * The part of the task that applies to objects in a place. Pages and rows are always in 1.0, and only a reader distinguishes a
 * foreign format from plaintext.
 */
function taskAt(given: MaintenanceTask, { place, isOfPages }: CensusEntry): MaintenanceTask {
  const task = isOfPages === true || place === 'row' ? without(given, 'protocols') : given;
  if (place === 'snapshot' || place === 'version') return task;
  if (place === 'deleted' || task.do !== 'reencrypt') return NOTHING;
  return without(task, 'foreign', ...(place === 'poison' ? (['plaintext'] as const) : []));
}

const stateOf = ({ kind, keyId, protocol, integrity, library }: CensusEntry): StoredState =>
  kind === 'sealed' ? { kind, keyId: keyId ?? '', protocol: protocol ?? '', integrity, library } : { kind };

export const PLACE_NAMES: Readonly<Record<ObjectPlace, string>> = {
  current: 'blob',
  snapshot: 'snapshot',
  version: 'old version',
  deleted: 'deleted blob',
  row: 'row',
  poison: 'poison message',
};
