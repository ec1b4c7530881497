/** Checks the command line of `maintain` and reports all problems at once. */
import type { KeyIds } from '../../envelope/maintenance/key-ids.js';
import type { MaintenanceTask, ReencryptChoice } from '../../envelope/maintenance/task.js';
import { isShown, refuse } from '../../option-rules.js';
import { parsed } from '../parsed.js';
import { reencryptVerification, rewrapVerification, verifyFaults } from './verification.js';

const VERBS = ['census', 'rewrap', 're-encrypt', 'delete-superseded', 'reindex', 'status', 'failures'] as const;
type Verb = (typeof VERBS)[number];

/** Verbs that choose objects by their keys, or by more, and those that write. */
const LEAVING = ['census', 'rewrap', 're-encrypt', 'delete-superseded'] as const;
const CHOOSING = ['re-encrypt', 'delete-superseded'] as const;
const WRITING = ['rewrap', 're-encrypt'] as const;
const CENSUS = ['census'] as const;
const REENCRYPT = ['re-encrypt'] as const;

const FLAG = { type: 'boolean' } as const;
const TEXT = { type: 'string' } as const;
const TEXTS = { type: 'string', multiple: true } as const;
const NUMBER = { type: 'string', isNumber: true } as const;

/** `verbs` are those that have a use for the option, if not all have. One that has no effect is refused, because somebody relies on it. */
const OPTIONS = {
  retire: { ...TEXTS, verbs: LEAVING },
  'retire-all-but': { ...TEXTS, verbs: LEAVING },
  plaintext: { ...FLAG, verbs: CHOOSING },
  foreign: { ...FLAG, verbs: REENCRYPT },
  'from-protocol': { ...TEXTS, verbs: CHOOSING },
  'without-integrity': { ...FLAG, verbs: CHOOSING },
  tags: { ...FLAG, verbs: CENSUS },
  encrypt: { ...TEXTS, verbs: REENCRYPT },
  verify: { ...TEXT, verbs: WRITING },
  'accept-versions': { ...FLAG, verbs: WRITING },
  'to-block': { ...FLAG, verbs: REENCRYPT },
  'page-blobs': { ...FLAG, verbs: REENCRYPT },
  container: TEXTS,
  'all-containers': FLAG,
  table: TEXTS,
  'all-tables': FLAG,
  queue: TEXTS,
  'message-ttl': NUMBER,
  inventory: { ...TEXTS, verbs: CENSUS },
  'inventory-container': { ...TEXT, verbs: CENSUS },
  'inventory-max-age': { ...NUMBER, verbs: CENSUS },
  'connection-string': TEXT,
  account: TEXT,
  'endpoint-suffix': TEXT,
  'new-key': TEXT,
  'old-key': TEXTS,
  protocol: { ...TEXT, verbs: REENCRYPT },
  config: TEXT,
  'dry-run': FLAG,
  job: TEXT,
  'state-container': TEXT,
  'no-state': FLAG,
  concurrency: NUMBER,
  'requests-per-second': NUMBER,
  'key-calls-per-second': NUMBER,
  'pages-per-shard': NUMBER,
  'claim-seconds': NUMBER,
  'page-size': NUMBER,
  patience: NUMBER,
  html: TEXT,
  json: FLAG,
  help: { ...FLAG, short: 'h' },
} as const;

export type Values = ReturnType<typeof parsed<typeof OPTIONS>>['values'];

export interface Arguments {
  readonly verb: Verb;
  readonly values: Values;
  /** The task of the job; a census for `status` and `failures`. */
  readonly task: MaintenanceTask;
}

/** Throws `INVALID_OPTIONS` that lists every problem. */
export function parseArguments(args: readonly string[]): Arguments | 'help' {
  const { values, positionals } = parsed(args, OPTIONS);
  if (values.help === true) return 'help';
  const [verb = '', ...rest] = positionals;
  refuse([
    ...(isVerb(verb) && rest.length === 0
      ? []
      : ['use maintain census, rewrap, re-encrypt, delete-superseded, reindex, status or failures']),
    ...whereFaults(verb, values),
    ...nameFaults(values),
    ...taskFaults(verb, values),
    ...keyFaults(verb, values),
    ...moduleFaults(verb, values),
    ...kindFaults(verb, values),
    ...verifyFaults(verb, values),
    ...optionFaults(verb, values),
  ]);
  return { verb: verb as Verb, values, task: taskOf(verb as Verb, values) };
}

const isVerb = (verb: string): boolean => (VERBS as readonly string[]).includes(verb);

interface OptionFacts {
  readonly type: string;
  readonly verbs?: readonly string[];
  readonly isNumber?: boolean;
}

function optionFaults(verb: string, values: Values): string[] {
  const given = Object.entries<OptionFacts>(OPTIONS).filter(([name]) => values[name as keyof Values] !== undefined);
  return given.flatMap(([name, { verbs = VERBS, isNumber = false }]) => [
    ...(isVerb(verb) && !verbs.includes(verb) ? [`--${name} is for ${inWords(verbs)}`] : []),
    ...(isNumber && !Number.isFinite(Number(values[name as keyof Values])) ? [`--${name} is a number`] : []),
  ]);
}

const inWords = (verbs: readonly string[]): string =>
  verbs.length < 2 ? verbs.join() : `${verbs.slice(0, -1).join(', ')} and ${verbs.at(-1)}`;

const PLACES = ['container', 'all-containers', 'table', 'all-tables', 'queue'] as const;

/** Whether the command only needs files on this machine. */
export const isOffline = ({ verb, values }: Pick<Arguments, 'verb' | 'values'>): boolean =>
  verb === 'census' &&
  ['job', 'inventory-container' as const, ...PLACES].every((name) => values[name as keyof Values] === undefined);

function whereFaults(verb: string, values: Values): string[] {
  if (verb === 'status' || verb === 'failures') return values.job === undefined ? [`${verb} needs --job`] : [];
  const ofInventories = (['inventory-container', 'inventory-max-age'] as const).filter(
    (name) => values.inventory === undefined && values[name] !== undefined,
  );
  if (ofInventories.length > 0)
    return ofInventories.map((name) => `--${name} applies to an inventory: give --inventory <path of its manifest>`);
  if (values['message-ttl'] !== undefined && values.queue === undefined)
    return ['--message-ttl applies to messages: give --queue'];
  return ['inventory' as const, ...PLACES].every((place) => values[place] === undefined)
    ? ['give a place: --container, --table, --queue or --inventory']
    : [];
}

/** Names are part of what a job prints, so a connection string must not be one. */
const nameFaults = (values: Values): string[] =>
  (['container', 'table', 'queue', 'state-container', 'inventory-container'] as const)
    .filter((place) => [values[place] ?? []].flat().some((given) => !isShown(given.replace(/\/.*$/s, ''))))
    .map((place) => `--${place} is the name of a ${place.replace(/^.*-/, '')}`);

function taskFaults(verb: string, values: Values): string[] {
  const isLeaving = (values.retire ?? values['retire-all-but']) !== undefined;
  return [
    ...(values.retire !== undefined && values['retire-all-but'] !== undefined
      ? ['give --retire or --retire-all-but, not both']
      : []),
    ...(verb === 'rewrap' && !isLeaving ? ['rewrap needs --retire or --retire-all-but'] : []),
    ...(isLeaving ? [] : choiceFaults(verb, values)),
  ];
}

const CHOICES = ['plaintext', 'foreign', 'from-protocol', 'without-integrity'] as const;

function choiceFaults(verb: string, values: Values): string[] {
  const choices = CHOICES.filter((name) => verb === 're-encrypt' || name !== 'foreign');
  const needsOne = verb === 're-encrypt' || verb === 'delete-superseded';
  if (!needsOne || choices.some((name) => values[name] !== undefined)) return [];
  return [`${verb} needs --retire, ${choices.map((name) => `--${name}`).join(', ')}`.replace(/, (\S+)$/, ' or $1')];
}

function keyFaults(verb: string, values: Values): string[] {
  const needsKeys = ['rewrap', 're-encrypt', 'delete-superseded'].includes(verb);
  const hasOwn = (values['new-key'] ?? values['old-key']) !== undefined;
  return [
    ...(needsKeys && (values['new-key'] ?? values.config) === undefined
      ? [`${verb} needs --new-key, or --config`]
      : []),
    ...(values.config !== undefined && hasOwn
      ? ['give keys with --new-key and --old-key, or in the module of --config, not both']
      : []),
    ...(values.config !== undefined && values.protocol !== undefined
      ? ['--protocol: set it in the module of --config']
      : []),
  ];
}

/** Options that need a module, because text cannot express them. */
function moduleFaults(verb: string, { tags, foreign, config }: Values): string[] {
  if (foreign === true && config === undefined)
    return ['--foreign needs --config, with a module that reads the format'];
  if ((verb !== 'reindex' && tags !== true) || config !== undefined) return [];
  return ['search tags need --config, with a module that exports search keys and entity classes'];
}

/** Only rows have search tags, and only blobs have snapshots and versions. */
function kindFaults(verb: string, { queue, ...values }: Values): string[] {
  if (verb === 'reindex' && (values.container ?? values['all-containers'] ?? queue) !== undefined) {
    return ['reindex is for tables: only they have search tags'];
  }
  if (verb === 'delete-superseded' && (values.table ?? values['all-tables'] ?? queue) !== undefined) {
    return ['delete-superseded is for containers: only blobs have snapshots and versions'];
  }
  return [];
}

export const numberIn = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

function taskOf(verb: Verb, values: Values): MaintenanceTask {
  const retire = retiredIds(values);
  if (verb === 'rewrap') return { do: 'rewrap', retire, verify: rewrapVerification(values) };
  if (verb === 'reindex') return { do: 'reindex' };
  if (verb === 'delete-superseded') return { do: 'deleteSuperseded', when: choiceOf(retire, values) };
  if (verb !== 're-encrypt') return { do: 'census', retire, tags: values.tags };
  const when = { ...choiceOf(retire, values), foreign: values.foreign };
  return { do: 'reencrypt', when, verify: reencryptVerification(values) };
}

function choiceOf(retire: KeyIds, values: Values): ReencryptChoice {
  const isLeaving = 'prefix' in retire || retire.length > 0;
  return {
    keyIds: isLeaving ? retire : undefined,
    plaintext: values.plaintext,
    protocols: values['from-protocol'],
    withoutIntegrity: values['without-integrity'],
  };
}

function retiredIds({ retire = [], 'retire-all-but': except }: Values): KeyIds {
  return except === undefined ? retire : { prefix: '', except };
}
