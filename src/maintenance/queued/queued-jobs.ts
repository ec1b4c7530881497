/**
 * Jobs that processes share through a queue. Messages only distribute the work: the state of the job records what has to be done,
 * so a message may be lost, repeated, or handled twice at once.
 */
import { InvalidOptionsError } from '../../errors/input.js';
import { givenName } from '../../option-rules.js';
import type { MaintenanceJob, MaintenanceOptions, MaintenanceReport } from '../job.js';
import { MaintenanceRun } from '../maintenance-run.js';
import type { MaintenancePass } from '../pass.js';
import { assertShared } from '../run-maintenance.js';
import { passOfShard, type QueuedMessage } from './queued-message.js';

interface QueuedJobsParts {
  readonly jobs: readonly MaintenanceJob[];
  readonly options: MaintenanceOptions;
  readonly send: (message: QueuedMessage) => Promise<void>;
  readonly onReport: (report: MaintenanceReport) => void;
}

export class QueuedJobs {
  /** Neither logs nor JSON show what is in it: a client would show the account key. */
  readonly #parts: QueuedJobsParts;

  constructor(parts: QueuedJobsParts) {
    assertShared(parts.options);
    this.#parts = parts;
  }

  /** Asks the workers to run a job. If a run has not finished, they resume it. */
  async start(name: string): Promise<void> {
    const run = await MaintenanceRun.open(this.#jobOf(name), this.#parts.options);
    await run.begin();
    const [first] = run.passes;
    await this.#parts.send({ job: name, run: run.number, do: 'plan', pass: first?.kind ?? 'census' });
  }

  /** @param abortSignal - stops the work, which resumes when the message is handled again */
  async handle(message: QueuedMessage, abortSignal: AbortSignal): Promise<void> {
    const run = await MaintenanceRun.open(this.#jobOf(message.job), { ...this.#parts.options, abortSignal });
    if (run.number !== message.run) return;
    if (message.do === 'shard') {
      // if another process has it, the one that finishes the pass makes sure that it is done
      await run[passOfShard(message.shard)].runShard(message.shard);
    } else if (message.do === 'plan') {
      await this.#plan(message, run[message.pass], abortSignal);
    } else {
      await this.#finish(message, run);
    }
  }

  async #plan({ job, run }: QueuedMessage, pass: MaintenancePass, abortSignal: AbortSignal): Promise<void> {
    const { send } = this.#parts;
    for await (const shard of pass.plan()) {
      await send({ job, run, do: 'shard', shard });
      abortSignal.throwIfAborted();
    }
    await send({ job, run, do: 'finish', pass: pass.kind });
  }

  async #finish(message: Extract<QueuedMessage, { do: 'plan' | 'finish' }>, run: MaintenanceRun): Promise<void> {
    const { job, run: number } = message;
    if (message.pass === 'work') {
      await run.work.run();
      await this.#parts.send({ job, run: number, do: 'plan', pass: 'census' });
      return;
    }
    this.#parts.onReport(await run.toTheEnd());
  }

  #jobOf(name: string): MaintenanceJob {
    const job = this.#parts.jobs.find((one) => one.name === name);
    if (job === undefined) throw new InvalidOptionsError([`there is no job ${givenName(name)} among "jobs"`]);
    return job;
  }
}
