/** Messages by which processes share a job: `{ "job", "run", "do", ... }` as JSON. */
import { UnprocessableMessageError } from '../../errors/input.js';
import { isObject } from '../../option-rules.js';

/**
 * What the message asks a process to do.
 *
 * - `plan`: split a pass into shards, and send a message for each
 * - `shard`: run one shard
 * - `finish`: do what is left of a pass, wait for other processes, and continue with the next pass or write the report
 */
export type QueuedMessage = Base &
  (
    | { readonly do: 'plan' | 'finish'; readonly pass: 'work' | 'census' }
    | { readonly do: 'shard'; readonly shard: string }
  );

interface Base {
  readonly job: string;
  /** Number of the run. Messages of a run that has finished have no effect. */
  readonly run: number;
}

/**
 * @param json - the parsed content of a message
 * @throws `UNPROCESSABLE_MESSAGE` if it is not such a message
 */
export function parseQueuedMessage(json: unknown): QueuedMessage {
  const given = isObject(json) ? json : {};
  const { job, run, shard, pass } = given;
  if (typeof job === 'string' && Number.isSafeInteger(run)) {
    const base = { job, run: run as number };
    if (given['do'] === 'shard' && isShardOf(base, shard)) return { ...base, do: 'shard', shard };
    const isPass = pass === 'work' || pass === 'census';
    if (isPass && (given['do'] === 'plan' || given['do'] === 'finish')) return { ...base, do: given['do'], pass };
  }
  throw new UnprocessableMessageError(
    'The message does not belong to a maintenance job: use a separate queue for maintenance',
  );
}

/** A shard is the name of a document in the state, so it must be inside the folder of its job. */
const isShardOf = ({ job, run }: Base, shard: unknown): shard is string =>
  typeof shard === 'string' &&
  shard.startsWith(`${job}/${run}/`) &&
  /^(?:work|census)\/shards\/\d{7,}\.json$/.test(shard.slice(`${job}/${run}/`.length));

export const passOfShard = (shard: string): 'work' | 'census' => (shard.split('/')[2] === 'census' ? 'census' : 'work');
