/** The command `maintain`: from a command line to a report and an exit code. */
import { writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { sha256 } from '../../crypto/bytes.js';
import { quoted } from '../../encoding/printable.js';
import { maintenanceFailures } from '../../maintenance/failure-lines.js';
import { isMaintenanceClean, type MaintenanceJob, type MaintenanceOptions } from '../../maintenance/job.js';
import { formatMaintenanceReport } from '../../maintenance/report/format-report.js';
import { runMaintenance } from '../../maintenance/run-maintenance.js';
import { maintenanceStatus } from '../../maintenance/status.js';
import { unlessClosed } from '../closed-output.js';
import { EXIT } from '../exit.js';
import { type Account, accountOf } from '../account.js';
import { type Arguments, parseArguments, type Values } from './arguments.js';
import { HELP } from './help.js';
import { jsonLine, jsonLines } from './json-lines.js';
import { commandPolicy } from './policy.js';
import { ProgressBar } from './progress-bar.js';
import { sourcesOf } from './sources.js';

const STATE_CONTAINER = 'azcse-maintenance';

export async function maintain(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const given = parseArguments(args);
  if (given === 'help') {
    process.stdout.write(HELP);
    return EXIT.fine;
  }
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
    process.stderr.write(`There is no job ${quoted(job)} in the container ${state.containerName}.\n`);
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

async function run({ values, task }: Arguments, account: Account, env: NodeJS.ProcessEnv): Promise<number> {
  const stateContainer = values['state-container'] ?? STATE_CONTAINER;
  const policy = await commandPolicy(values, env);
  const sources = await sourcesOf(policy, account, { values, stateContainer });
  const job: MaintenanceJob = { name: values.job ?? nameOf(task, sources), task, sources };
  const observer = values.json === true ? jsonLines(process.stderr) : new ProgressBar(process.stderr);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  const report = await runMaintenance(job, {
    ...optionsOf(values),
    // a census is short and can simply be repeated
    ...(values['no-state'] === true || (task.do === 'census' && values.job === undefined)
      ? {}
      : { state: account.blobs.getContainerClient(stateContainer) }),
    onEvent: observer.show,
    abortSignal: ending.signal,
  }).finally(() => {
    observer.end();
    process.off('SIGINT', end).off('SIGTERM', end);
  });
  if (values.html !== undefined) writeFileSync(values.html, formatMaintenanceReport(report, 'html'));
  process.stdout.write(formatMaintenanceReport(report, values.json === true ? 'json' : 'text'));
  return isMaintenanceClean(report) ? EXIT.fine : EXIT.wrong;
}

function optionsOf(values: Values): MaintenanceOptions {
  const numbers = {
    concurrency: values.concurrency,
    requestsPerSecond: values['requests-per-second'],
    pagesPerShard: values['pages-per-shard'],
    claimSeconds: values['claim-seconds'],
    patience: values.patience,
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return {
    dryRun: values['dry-run'] ?? false,
    ...Object.fromEntries(given.map(([name, value]) => [name, Number(value)])),
  };
}

/** The same name for the same task over the same sources, so that repeating a command resumes its job. */
function nameOf(task: MaintenanceJob['task'], sources: MaintenanceJob['sources']): string {
  const identity = JSON.stringify([task, sources.map(({ kind, name }) => [kind, name])]);
  return `${task.do}-${sha256(identity).toString('hex').slice(0, 12)}`;
}
