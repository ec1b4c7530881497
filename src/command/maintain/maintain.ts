/** The command `maintain`: from a command line to a report and an exit code. */
import { closeSync, existsSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../../crypto/bytes.js';
import { InvalidOptionsError } from '../../errors/input.js';
import { maintenanceFailures } from '../../maintenance/failure-lines.js';
import {
  isMaintenanceClean,
  type MaintenanceJob,
  type MaintenanceOptions,
  type MaintenanceReport,
} from '../../maintenance/job.js';
import { formatMaintenanceReport } from '../../maintenance/report/format-report.js';
import { runMaintenance } from '../../maintenance/run-maintenance.js';
import { STATE_CONTAINER } from '../../maintenance/state-store.js';
import { maintenanceStatus } from '../../maintenance/status.js';
import { givenName } from '../../option-rules.js';
import { unlessClosed } from '../closed-output.js';
import { EXIT } from '../exit.js';
import { type Account, accountOf } from '../account.js';
import { type Arguments, isOffline, numberIn, parseArguments, type Values } from './arguments.js';
import { HELP } from './help.js';
import { inventoriesOf } from './inventories.js';
import { jsonLine, jsonLines } from './json-lines.js';
import { commandPolicy } from './policy.js';
import { ProgressBar } from './progress-bar.js';
import { sourcesOf } from './sources.js';

export async function maintain(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const given = parseArguments(args);
  if (given === 'help') {
    process.stdout.write(HELP);
    return EXIT.fine;
  }
  if (isOffline(given)) return run(given, null, env);
  const account = await accountOf(given.values, env);
  if (given.verb === 'status') return status(given.values, account);
  return given.verb === 'failures' ? failures(given.values, account) : run(given, account, env);
}

const stateOf = (values: Values, { blobs }: Account) =>
  blobs.getContainerClient(values['state-container'] ?? STATE_CONTAINER);

async function status(values: Values, account: Account): Promise<number> {
  const found = await maintenanceStatus(stateOf(values, account), values.job ?? '');
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  return found === null ? EXIT.notReached : EXIT.fine;
}

/** A line of JSON for each object. Text from storage is escaped. */
async function failures(values: Values, account: Account): Promise<number> {
  const [state, job] = [stateOf(values, account), values.job ?? ''];
  if ((await maintenanceStatus(state, job)) === null) {
    process.stderr.write(`There is no job ${givenName(job)} in the container ${state.containerName}.\n`);
    return EXIT.notReached;
  }
  let count = 0;
  const lines = async function* () {
    for await (const failure of maintenanceFailures(state, job)) {
      count += 1;
      yield jsonLine(failure);
    }
  };
  await pipeline(lines, process.stdout, { end: false }).catch(unlessClosed);
  return count === 0 ? EXIT.fine : EXIT.wrong;
}

/** @param account - `null` for a command that needs none */
async function run({ values, task }: Arguments, account: Account | null, env: NodeJS.ProcessEnv): Promise<number> {
  assertWritable(values.html);
  const policy = await commandPolicy(values, env);
  const stateContainer = values['state-container'] ?? STATE_CONTAINER;
  const sources = [
    ...(account === null ? [] : await sourcesOf(policy, account, { values, stateContainer })),
    ...(await inventoriesOf(values, account)),
  ];
  const job: MaintenanceJob = { name: values.job ?? nameOf(task, sources), task, sources };
  const state = account !== null && keepsState(task, values) ? stateOf(values, account) : undefined;
  const report = await observed(job, values, state);
  process.stdout.write(formatMaintenanceReport(report, values.json === true ? 'json' : 'text'));
  if (values.html !== undefined) writeFileSync(values.html, formatMaintenanceReport(report, 'html'));
  return isMaintenanceClean(report) ? EXIT.fine : EXIT.wrong;
}

/** Throws before the job begins if the page of its report could not be written when it has ended. Leaves no empty page. */
function assertWritable(path: string | undefined): void {
  if (path === undefined) return;
  const isThere = existsSync(path);
  try {
    closeSync(openSync(path, 'a'));
    // of a symbolic link, the file that it names
    if (!isThere) rmSync(realpathSync(path));
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new InvalidOptionsError([`the file of --html cannot be written: ${code}`]);
  }
}

/** A census is short and can simply be repeated. */
const keepsState = (task: MaintenanceJob['task'], values: Values): boolean =>
  values['no-state'] !== true && (task.do !== 'census' || values.job !== undefined);

/** Runs the job, shows its events, and stops it at a signal. */
async function observed(
  job: MaintenanceJob,
  values: Values,
  state: MaintenanceOptions['state'],
): Promise<MaintenanceReport> {
  const observer = values.json === true ? jsonLines(process.stderr) : new ProgressBar(process.stderr);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  const options = { ...optionsOf(values), state, onEvent: observer.show, abortSignal: ending.signal };
  return runMaintenance(job, options).finally(() => {
    observer.end();
    process.off('SIGINT', end).off('SIGTERM', end);
  });
}

function optionsOf(values: Values): MaintenanceOptions {
  return {
    dryRun: values['dry-run'],
    concurrency: numberIn(values.concurrency),
    requestsPerSecond: numberIn(values['requests-per-second']),
    keyCallsPerSecond: numberIn(values['key-calls-per-second']),
    pagesPerShard: numberIn(values['pages-per-shard']),
    claimSeconds: numberIn(values['claim-seconds']),
    patience: numberIn(values.patience),
  };
}

/** The same name for the same task over the same sources, so that repeating a command resumes its job. */
function nameOf(task: MaintenanceJob['task'], sources: MaintenanceJob['sources']): string {
  const identity = JSON.stringify([task, sources.map(({ kind, name, variant = [] }) => [kind, name].concat(variant))]);
  return `${task.do.toLowerCase()}-${sha256(identity).toString('hex').slice(0, 12)}`;
}
