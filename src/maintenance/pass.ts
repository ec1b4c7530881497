/** One walk over all sources of a job: of the task itself, or of the census after it. Any number of processes can share it. */
import { uniqueId } from '../crypto/bytes.js';
import type {
  DeletedObject,
  Maintained,
  MaintenanceSource,
  Precheck,
  Step,
} from '../envelope/maintenance/maintained.js';
import { DEFAULT_CONCURRENCY } from '../envelope/maintenance/rewrap-all.js';
import { type MaintenanceTask, walksEverything } from '../envelope/maintenance/task.js';
import { InvalidOptionsError } from '../errors/input.js';
import { type Clock, pause, systemClock } from '../clock.js';
import { type ClaimedShard, claimShard, type ShardClaims } from './claimed-shard.js';
import type { EventOfPass, MaintenanceEvent } from './events.js';
import { notedFailures } from './failure-lines.js';
import { type MaintenanceOptions, titleOf } from './job.js';
import { Pace } from './pace.js';
import { Patience } from './patience.js';
import { planName, planShards, type PlanState, shardsFolder } from './plan.js';
import { ProgressMeter } from './progress-meter.js';
import { changedOf, failedOf, type ShardState } from './shard.js';
import { ShardRun } from './shard-run.js';
import type { StateStore } from './state-store.js';
import { Totals } from './totals.js';

interface PassParts {
  readonly job: string;
  readonly kind: 'work' | 'census';
  readonly task: MaintenanceTask;
  readonly sources: readonly MaintenanceSource[];
  readonly store: StateStore;
  readonly folder: string;
  readonly options: MaintenanceOptions;
  /** Called once by each process, before it plans. */
  readonly onBegin?: () => Promise<void>;
}

const DEFAULT_RATE = 500;
const DEFAULT_KEY_RATE = 100;
const DEFAULT_CLAIM = 30;
const DEFAULT_PATIENCE = 600;
/** Seconds between two checks of what other processes have done. */
const LOOK_EVERY = 1;
/** Documents of the state that are read at the same time. */
const READ_AT_ONCE = 16;

export class MaintenancePass {
  readonly #claims: ShardClaims;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #pace: Pace;
  readonly #keyPace: Pace;
  #beginning: Promise<void> | undefined;
  readonly #meter: ProgressMeter;
  readonly #report: (event: EventOfPass) => void;
  #isPlanned = false;

  constructor(private readonly parts: PassParts) {
    const { job, store, options, kind } = parts;
    const { requestsPerSecond = DEFAULT_RATE, claimSeconds = DEFAULT_CLAIM, patience = DEFAULT_PATIENCE } = options;
    const clock = (this.#clock = options.clock ?? systemClock);
    this.#report = reporter(job, options);
    this.#claims = { store, clock, worker: uniqueId(), claimSeconds };
    this.#pace = new Pace(requestsPerSecond, clock);
    this.#keyPace = new Pace(options.keyCallsPerSecond ?? DEFAULT_KEY_RATE, clock);
    this.#meter = new ProgressMeter({ clock, pass: kind, report: this.#report });
    const { abortSignal } = options;
    this.#patience = new Patience({ clock, pace: this.#pace, patience, report: this.#report, abortSignal });
  }

  get kind(): 'work' | 'census' {
    return this.parts.kind;
  }

  /**
   * What the work leaves behind in the account: one sentence each, also sent as events.
   *
   * @throws `INVALID_OPTIONS` if the work must not begin; a dry run warns instead
   */
  async precheck(): Promise<readonly string[]> {
    const { sources, task, options } = this.parts;
    const found: (Precheck | undefined)[] = [];
    for (const source of sources)
      found.push(await this.#patience.outlast(async () => source.precheck?.(source.taskFor(task))));
    const refusals = found.flatMap((one) => one?.refusals ?? []);
    if (refusals.length > 0 && options.dryRun !== true) throw new InvalidOptionsError(refusals);
    const warnings = [...new Set([...refusals, ...found.flatMap((one) => one?.warnings ?? [])])];
    for (const text of warnings) this.#report({ kind: 'warning', text });
    return warnings;
  }

  async *plan(): AsyncGenerator<string> {
    const { kind, store, folder, sources, task, options } = this.parts;
    const { pagesPerShard } = options;
    await (this.#beginning ??= this.parts.onBegin?.());
    const shards = yield* planShards({ store, folder, sources, everything: walksEverything(task), pagesPerShard });
    if (shards === null || this.#isPlanned) return;
    this.#isPlanned = true;
    this.#report({ kind: 'planned', pass: kind, shards });
  }

  /** Plans the shards that are not planned yet, and works until this process or others have finished every shard.
   *
   * @param expected - number of objects that will probably be seen, if known
   */
  async run(expected: number | null = null): Promise<void> {
    const { kind } = this.parts;
    this.#meter.begin(expected === null ? null : expected - (await this.seen()));
    this.#report({ kind: 'started', pass: kind });
    for await (const shard of this.plan()) await this.runShard(shard);
    for (let hasWaited = false; ; hasWaited = true) {
      const isLeft = await this.#runAll();
      if (!isLeft) break;
      if (!hasWaited) this.#report({ kind: 'waiting', pass: kind });
      this.#patience.throwIfAborted();
      await pause(this.#clock, LOOK_EVERY);
    }
    this.#meter.publish();
    this.#report({ kind: 'finished', pass: kind });
  }

  /** Whether the shard is done, or another process is working on it. */
  async runShard(name: string): Promise<'done' | 'taken'> {
    const { store, sources, options } = this.parts;
    const stored = await store.read<ShardState>(name);
    if (stored === null) return 'done';
    const source = sources[stored.value.source] as Maintained;
    const shard = await claimShard({ name, stored }, this.#claims, source.isDivisible);
    if (typeof shard === 'string') return shard;
    const beforeDelete = (object: DeletedObject): Promise<boolean> => shard.noteDeletion(object);
    const run = new ShardRun({
      source,
      shard,
      step: { ...this.#step(source), beforeDelete },
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      patience: this.#patience,
      meter: this.#meter,
    });
    this.#reportShard('shardStarted', shard, source);
    if (!(await run.run())) return 'taken';
    this.#reportShard('shardDone', shard, source);
    return 'done';
  }

  #reportShard(event: 'shardStarted' | 'shardDone', { name, state }: ClaimedShard, source: Maintained): void {
    const { seen, outcomes } = state;
    const counts = { seen, done: changedOf(outcomes), failed: failedOf(outcomes) };
    this.#report({ kind: event, pass: this.parts.kind, source: titleOf(source), shard: name, ...counts });
  }

  /** Number of objects that all processes have seen. */
  async seen(): Promise<number> {
    const { store, folder } = this.parts;
    let seen = 0;
    for await (const { facts } of store.list(shardsFolder(folder))) seen += Number(facts['seen'] ?? 0);
    return seen;
  }

  /** When the first process started; ISO 8601. */
  async startedAt(): Promise<string> {
    const plan = await this.parts.store.read<PlanState>(planName(this.parts.folder));
    return plan?.value.startedAt ?? new Date().toISOString();
  }

  /**
   * What all shards counted.
   *
   * @throws `INVALID_OPTIONS` if some are missing, because what they counted would be missing from the report
   */
  async totals(): Promise<Totals> {
    const { store, folder } = this.parts;
    const names: string[] = [];
    for await (const { name } of store.list(shardsFolder(folder))) names.push(name);
    const totals = new Totals();
    let counted = 0;
    for (let at = 0; at < names.length; at += READ_AT_ONCE) {
      const read = names.slice(at, at + READ_AT_ONCE).map((name) => store.read<ShardState>(name));
      for (const stored of await Promise.all(read)) {
        if (stored?.value.done !== true) continue;
        totals.add(stored.value);
        counted += 1;
      }
    }
    const plan = await store.read<PlanState>(planName(folder));
    if (plan?.value.next !== counted || names.length !== counted) {
      throw new InvalidOptionsError([
        `the state in ${folder} has lost documents: keep them until the job is over, and run it again under another name`,
      ]);
    }
    await totals.addFailures(notedFailures(store, folder));
    return totals;
  }

  /** Works on shards that are not done. Returns whether others are still working on some. */
  async #runAll(): Promise<boolean> {
    const { store, folder } = this.parts;
    const plan = await store.read<PlanState>(planName(folder));
    let isLeft = plan?.value.done !== true;
    for await (const { name, facts } of store.list(shardsFolder(folder))) {
      if (facts['finished'] === 'true') continue;
      this.#patience.throwIfAborted();
      if ((await this.runShard(name)) === 'taken') isLeft = true;
    }
    if (!isLeft) return false;
    // a plan that another process left unfinished
    for await (const shard of this.plan()) await this.runShard(shard);
    return true;
  }

  #step(source: Maintained): Step {
    const { options } = this.parts;
    const task = source.taskFor(this.parts.task);
    const { dryRun = false, abortSignal } = options;
    return { task, dryRun, abortSignal, beforeRequest: () => this.#pace.take(), keyPace: this.#keyPace };
  }
}

/** An observer must not affect the job. */
function reporter(job: string, { onEvent }: MaintenanceOptions): (event: EventOfPass) => void {
  const watch = async (event: MaintenanceEvent): Promise<void> => onEvent?.(event);
  return (event) => void watch({ job, ...event }).catch(() => undefined);
}
