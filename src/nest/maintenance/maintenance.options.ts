import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import type { MaintenanceJob, MaintenanceOptions } from '../../maintenance/job.js';
import { accountName, callable, givenName, groupFaults, must, object, type RulesOf } from '../../option-rules.js';
import { consumerFaults } from '../../queue/consumer/consumer-options.js';
import type { EncryptedQueueHandlerOptions } from '../consumers/queue-handler-metadata.js';
import { HANDLER } from '../consumers/queue-handler.explorer.js';
import { queueName } from '../options/resource-names.js';

/** The jobs of an application, and how they run. */
export interface MaintenanceSettings {
  readonly jobs: readonly MaintenanceJob[];
  /**
   * How each job, or each shard of it, runs in this process. `state` defaults to the container `azcse-maintenance` of the account.
   * With a queue, `pagesPerShard` defaults to 4 and `claimSeconds` to 15.
   */
  readonly options?: Omit<MaintenanceOptions, 'dryRun' | 'abortSignal'>;
}

/** Options of `EncryptedStorageMaintenanceModule.forWorker`. */
export interface MaintenanceWorkerOptions {
  /**
   * Name of a queue through which processes share jobs. Use it for nothing else. Its messages are encrypted under the policy of
   * the module.
   *
   * @defaultValue none: each job runs in the process that starts it
   */
  readonly queue?: string;
  /**
   * How this process consumes the queue. `concurrency` is the number of shards at the same time. With `autoStart: false`, the
   * process only starts jobs and does none of their work. The queue is created, unless `createIfNotExists` is `false`.
   */
  readonly consumer?: Omit<EncryptedQueueHandlerOptions, 'account'>;
  /** Name of the account that has the queue and the state, if there are several. */
  readonly account?: string;
  /** Modules that provide what the factory injects, such as `EncryptedStorageModule.forFeature`. */
  readonly imports?: DynamicModule['imports'];
  readonly inject?: FactoryProvider['inject'];
  /** Returns the jobs. It is called once, when the application starts. */
  readonly useFactory: (...injected: never[]) => MaintenanceSettings | Promise<MaintenanceSettings>;
}

export const WORKER: RulesOf<MaintenanceWorkerOptions> = {
  queue: queueName,
  consumer: object,
  account: accountName,
  imports: must(Array.isArray, 'a list'),
  inject: must(Array.isArray, 'a list'),
  useFactory: callable,
};
export const SETTINGS: RulesOf<MaintenanceSettings> = { jobs: must(Array.isArray, 'a list of jobs'), options: object };

/** Every fault of the options of `forWorker`, as sentences. */
export function workerFaults(options: MaintenanceWorkerOptions): readonly string[] {
  const { queue, consumer, useFactory } = options as Partial<MaintenanceWorkerOptions>;
  return [
    ...groupFaults(WORKER, options),
    ...(useFactory === undefined ? ['"useFactory" must return the jobs'] : []),
    ...(queue === undefined && consumer !== undefined ? ['"consumer" needs "queue"'] : []),
    ...(typeof queue === 'string' && consumer !== undefined ? consumerFaults(queue, consumer, HANDLER) : []),
  ];
}

/** Every fault of what the factory returned. Each job checks its own options when it is opened. */
export function settingsFaults(settings: MaintenanceSettings): readonly string[] {
  const { jobs } = settings as Partial<MaintenanceSettings>;
  const names = Array.isArray(jobs) ? (jobs as readonly MaintenanceJob[]).map(({ name }) => name) : [];
  return [
    ...groupFaults(SETTINGS, settings),
    ...(jobs === undefined ? ['"jobs" must be a list of jobs'] : []),
    ...names.filter((name, at) => names.indexOf(name) !== at).map((name) => `"jobs" has ${givenName(name)} twice`),
  ];
}
