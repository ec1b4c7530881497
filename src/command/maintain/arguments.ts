/** Checks the command line of `maintain` and reports all problems at once. */
import { parseArgs } from 'node:util';
import type { KeyIds } from '../../envelope/maintenance/key-ids.js';
import type { MaintenanceTask, ReencryptChoice } from '../../envelope/maintenance/task.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { refuse } from '../../option-rules.js';
import { optionFaults } from './option-verbs.js';
import { reencryptVerification, rewrapVerification, verifyFaults } from './verification.js';

const OPTIONS = {
  retire: { type: 'string', multiple: true },
  'retire-all-but': { type: 'string', multiple: true },
  plaintext: { type: 'boolean' },
  foreign: { type: 'boolean' },
  'from-protocol': { type: 'string', multiple: true },
  'without-integrity': { type: 'boolean' },
  tags: { type: 'boolean' },
  encrypt: { type: 'string', multiple: true },
  verify: { type: 'string' },
  'accept-versions': { type: 'boolean' },
  'to-block': { type: 'boolean' },
  'page-blobs': { type: 'boolean' },
  container: { type: 'string', multiple: true },
  'all-containers': { type: 'boolean' },
  table: { type: 'string', multiple: true },
  'all-tables': { type: 'boolean' },
  queue: { type: 'string', multiple: true },
  'message-ttl': { type: 'string' },
  inventory: { type: 'string', multiple: true },
  'inventory-container': { type: 'string' },
  'inventory-max-age': { type: 'string' },
  'connection-string': { type: 'string' },
  account: { type: 'string' },
  'endpoint-suffix': { type: 'string' },
  'new-key': { type: 'string' },
  'old-key': { type: 'string', multiple: true },
  protocol: { type: 'string' },
  config: { type: 'string' },
  'dry-run': { type: 'boolean' },
  job: { type: 'string' },
  'state-container': { type: 'string' },
  'no-state': { type: 'boolean' },
  concurrency: { type: 'string' },
  'requests-per-second': { type: 'string' },
  'key-calls-per-second': { type: 'string' },
  'pages-per-shard': { type: 'string' },
  'claim-seconds': { type: 'string' },
  'page-size': { type: 'string' },
  patience: { type: 'string' },
  html: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];
type Verb = 'census' | 'rewrap' | 're-encrypt' | 'delete-superseded' | 'reindex' | 'status' | 'failures';

export interface Arguments {
  readonly verb: Verb;
  readonly values: Values;
  /** The task of the job; a census for `status` and `failures`. */
  readonly task: MaintenanceTask;
}

const VERBS: readonly string[] = [
  ...(['census', 'rewrap', 're-encrypt', 'delete-superseded', 'reindex', 'status', 'failures'] satisfies Verb[]),
];
const NUMBERS = [
  ...(['concurrency', 'requests-per-second', 'key-calls-per-second', 'pages-per-shard'] as const),
  ...(['claim-seconds', 'page-size', 'patience', 'inventory-max-age', 'message-ttl'] as const),
];

/** Throws `INVALID_OPTIONS` that lists every problem. */
export function parseArguments(args: readonly string[]): Arguments | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help === true) return 'help';
  const [verb = '', ...rest] = positionals;
  refuse([
    ...(VERBS.includes(verb) && rest.length === 0
      ? []
      : ['say maintain census, rewrap, re-encrypt, delete-superseded, reindex, status or failures']),
    ...whereFaults(verb, values),
    ...taskFaults(verb, values),
    ...keyFaults(verb, values),
    ...moduleFaults(verb, values),
    ...kindFaults(verb, values),
    ...verifyFaults(verb, values),
    ...(VERBS.includes(verb) ? optionFaults(verb, values) : []),
    ...NUMBERS.filter((name) => values[name] !== undefined && !Number.isFinite(Number(values[name]))).map(
      (name) => `--${name} is a number`,
    ),
  ]);
  return { verb: verb as Verb, values, task: taskOf(verb as Verb, values) };
}

function parsed(args: readonly string[]): { readonly values: Values; readonly positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new InvalidOptionsError([(error as Error).message]);
  }
}

/** Places in the account. */
const PLACES = ['container', 'all-containers', 'table', 'all-tables', 'queue'] as const;

/** Whether files on this machine are all that the command is about. */
export const isOffline = ({ verb, values }: Pick<Arguments, 'verb' | 'values'>): boolean =>
  verb === 'census' &&
  ['job', 'inventory-container' as const, ...PLACES].every((name) => values[name as keyof Values] === undefined);

function whereFaults(verb: string, values: Values): string[] {
  if (verb === 'status' || verb === 'failures') return values.job === undefined ? [`${verb} needs --job`] : [];
  const ofInventories = (['inventory-container', 'inventory-max-age'] as const).filter(
    (name) => values.inventory === undefined && values[name] !== undefined,
  );
  if (ofInventories.length > 0)
    return ofInventories.map((name) => `--${name} is about an inventory: give --inventory <path of its manifest>`);
  if (values['message-ttl'] !== undefined && values.queue === undefined)
    return ['--message-ttl is about messages: give --queue'];
  return ['inventory' as const, ...PLACES].every((place) => values[place] === undefined)
    ? ['say where: --container, --table, --queue or --inventory']
    : [];
}

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

/** What no text can say. */
function moduleFaults(verb: string, { tags, foreign, config }: Values): string[] {
  if (foreign === true && config === undefined)
    return ['--foreign: what reads the format is in the module of --config: give it'];
  if ((verb !== 'reindex' && tags !== true) || config !== undefined) return [];
  return ['search keys and entity classes are in the module of --config: give it'];
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

/** The number of an option that was given. */
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
