/**
 * Rewraps a whole container or table in a single call, for small ones: no state, no rate limit, no retries. The call can be
 * repeated.
 */
import type { AbortSignalLike } from '@azure/abort-controller';
import { throwIfAborted } from '../../aborts.js';
import { choice, flag, groupFaults, object, refuse, type RulesOf, wholeNumber } from '../../option-rules.js';
import { groupsOf } from './groups.js';
import { type KeyIds, retiredKeyIds } from './key-ids.js';
import type { Maintained, MaintainedObject, Step } from './maintained.js';
import { type FailedObject, isFailure, leftAlone, type ObjectResult, type OutcomeCounts } from './outcome.js';
import { isChosen, type MaintenanceTask, REWRAP_VERIFICATIONS, type RewrapVerification } from './task.js';

/** Options of `rewrapKeys`. */
export interface RewrapKeysOptions {
  /** The keys to retire. */
  readonly retire: KeyIds;
  /**
   * What is checked before anything is stored.
   *
   * @defaultValue `'wrap'`
   */
  readonly verify?: RewrapVerification;
  /**
   * Does everything except the writes.
   *
   * @defaultValue false
   */
  readonly dryRun?: boolean;
  /**
   * Number of blobs, or of transactions of rows, to work on at the same time, 1 to 1,000.
   *
   * @defaultValue 16
   */
  readonly concurrency?: number;
  readonly abortSignal?: AbortSignalLike;
}

/** What `rewrapKeys` has done. */
export interface RewrapKeysResult {
  readonly seen: number;
  readonly outcomes: OutcomeCounts;
  /** The objects that need attention. */
  readonly failures: readonly FailedObject[];
}

export const DEFAULT_CONCURRENCY = 16;

export const REWRAP_KEYS: RulesOf<RewrapKeysOptions> = {
  retire: retiredKeyIds,
  verify: choice(REWRAP_VERIFICATIONS),
  dryRun: flag,
  concurrency: wholeNumber(1, 1000),
  abortSignal: object,
};

/** Throws errors that do not concern a single object, after the steps under way have ended. */
export async function rewrapAll(source: Maintained, options: RewrapKeysOptions): Promise<RewrapKeysResult> {
  const { retire, verify, dryRun = false, concurrency = DEFAULT_CONCURRENCY, abortSignal } = options;
  assertOptions(options);
  const task = source.taskFor({ do: 'rewrap', retire, verify });
  const refusals = await refusalsOf(source, task);
  if (!dryRun) refuse(refusals);
  const beforeRequest = async (): Promise<void> => throwIfAborted(abortSignal);
  const step: Step = { task, dryRun, abortSignal, beforeRequest };
  const sum = new Sum();
  for await (const { objects } of source.pages({ everything: false, abortSignal })) {
    const chosen = objects.filter(({ state }) => isChosen(task, state));
    for (const one of objects) if (!isChosen(task, one.state)) sum.add(one, leftAlone(one.state));
    const groups = groupsOf(chosen, source);
    while (groups.length > 0) {
      const some = groups.splice(0, concurrency);
      const results = (await allOf(some.map((group) => source.act(group, step)))).flat();
      for (const [at, one] of some.flat().entries()) sum.add(one, results[at] as ObjectResult);
    }
  }
  const { seen, outcomes, failures } = sum;
  return { seen, outcomes, failures };
}

async function refusalsOf(source: Maintained, task: MaintenanceTask): Promise<readonly string[]> {
  const found = await source.precheck?.(task);
  return found?.refusals ?? [];
}

/** Waits for all of them even if one fails, so that nothing is written after the call has ended. */
async function allOf<Result>(tasks: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

function assertOptions(options: RewrapKeysOptions): void {
  const isMissing = (options as Partial<RewrapKeysOptions>).retire === undefined;
  refuse([...(isMissing ? ['"retire" is missing'] : []), ...groupFaults(REWRAP_KEYS, options)]);
}

class Sum implements RewrapKeysResult {
  seen = 0;
  readonly outcomes: Partial<Record<ObjectResult['outcome'], number>> = {};
  readonly failures: FailedObject[] = [];

  add({ name }: MaintainedObject, result: ObjectResult): void {
    this.seen += 1;
    this.outcomes[result.outcome] = (this.outcomes[result.outcome] ?? 0) + 1;
    if (isFailure(result)) this.failures.push({ name, ...result });
  }
}
