/**
 * Jobs over an account full of objects: objects a second, requests for each, peak memory and event-loop delay of the
 * process as the number of objects grows, and the cost of a job with thousands of shards.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AccountCounts, AccountSettings } from './support/account-server.js';
import type { Lab, Subject } from './support/lab.js';
import { type JobOrder, type JobResult, oldKey, runInProcess, statusOf } from './support/maintenance-job.js';
import type { Row, Target } from './support/report.js';
import { newSeed, StoredContent } from './support/stored-content.js';
import { MAINTENANCE } from './support/targets.js';

/** Numbers of objects. Peak memory must not grow from one to the next. */
const REWRAPPED = [10_000, 50_000];
const COUNTED = [50_000, 250_000];
/** One more with `--full`. */
const IN_FULL = 1_000_000;
const QUICK = [1000, 2000];
const SHARDS = 5000;
const QUICK_SHARDS = 20;
/** Blobs in a shard: one page, so that the run measures the cost of shards. */
const SHARD_SIZE = 4;

export const maintenance: Subject = {
  name: 'maintenance',
  run: async (lab) => {
    const account = await Account.start();
    try {
      return [
        ...(await growing(lab, account, 'rewrap', 'blobs')),
        ...(await growing(lab, account, 'rewrap', 'rows')),
        ...(await growing(lab, account, 'census', 'blobs')),
        ...(await growing(lab, account, 'census', 'rows')),
        ...(await inShards(lab, account)),
      ];
    } finally {
      account.stop();
    }
  },
};

type Kind = 'blobs' | 'rows';

class Account {
  private constructor(
    private readonly child: ReturnType<typeof fork>,
    readonly url: string,
  ) {}

  static async start(): Promise<Account> {
    const child = fork(fileURLToPath(new URL('support/account-server.js', import.meta.url)), {
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    await once(child, 'message');
    const content = new StoredContent(await newSeed(oldKey(), true));
    const { port } = await ask(child, { text: content.encryptionData('2.0', 1024)! });
    return new Account(child, `http://127.0.0.1:${port}/bench`);
  }

  /** The requests to the account since the last call. */
  counts(): Promise<AccountCounts> {
    return ask(this.child, {});
  }

  stop(): void {
    this.child.kill();
  }
}

async function ask(child: ReturnType<typeof fork>, settings: AccountSettings): Promise<AccountCounts> {
  const answer = once(child, 'message');
  child.send(settings);
  const [counts] = (await answer) as [AccountCounts];
  return counts;
}

async function growing(lab: Lab, account: Account, task: 'rewrap' | 'census', kind: Kind): Promise<Row[]> {
  const amounts = [...(task === 'census' ? COUNTED : REWRAPPED), ...(lab.isFull ? [IN_FULL] : [])];
  const rows: Row[] = [];
  for (const amount of lab.isQuick ? QUICK : amounts) {
    process.stderr.write(`maintenance: ${task} of ${amount} ${kind}\n`);
    const { result, counts } = await measured(account, { url: account.url, source: `${kind}${amount}`, task });
    assertAll(result, counts, { task, amount });
    // with the SDK alone, on separate objects
    const plain =
      task === 'census'
        ? undefined
        : (await measured(account, { url: account.url, source: `${kind}${amount}plain`, task: 'plain' })).result;
    rows.push(...rowsOf(lab, { task, kind, amount }, { result, counts, plain }));
  }
  return rows;
}

interface Measured {
  readonly result: JobResult;
  readonly counts: AccountCounts;
  readonly plain?: JobResult | undefined;
}

async function measured(account: Account, order: JobOrder): Promise<Measured> {
  await account.counts();
  const result = await runInProcess(order);
  return { result, counts: await account.counts() };
}

interface Case {
  readonly task: 'rewrap' | 'census';
  readonly kind: Kind;
  readonly amount: number;
}

function assertAll(
  { seen, done, left }: JobResult,
  { written }: AccountCounts,
  { task, amount }: Omit<Case, 'kind'>,
): void {
  const [changed, under] = task === 'rewrap' ? [amount, 0] : [0, amount];
  if (seen === amount && done === changed && written === changed && left === under) return;
  throw new Error(`Objects got lost: ${JSON.stringify({ seen, done, written, left })} of ${amount}`);
}

function rowsOf(lab: Lab, { task, kind, amount }: Case, { result, counts, plain }: Measured): Row[] {
  const { seconds, cpuSeconds, delayP99, delayMax, peak } = result;
  // per second of CPU: what one core does, whatever else the machine does at the same time
  const rate = amount / cpuSeconds;
  const ofPlain = (figure: (plain: JobResult) => number) => (plain === undefined ? {} : { plain: figure(plain) });
  const ratio = plain === undefined ? {} : { ratio: plain.cpuSeconds / cpuSeconds };
  const requests = counts.objectRequests / amount;
  const title = `${task} of ${amount.toLocaleString('en-US')} ${kind}`;
  const row = (what: string, unit: Row['unit'], value: number, targets: readonly Target[] = []): Row => ({
    subject: 'maintenance, a census after each rewrap included',
    case: `${title}${what}`,
    protocol: kind === 'rows' ? '1.0' : '2.0',
    unit,
    encrypted: value,
    ...(lab.isQuick ? {} : { targets }),
  });
  const atLeast = MAINTENANCE.rate[task === 'census' ? 'census' : kind];
  return [
    {
      ...row(` (${((cpuSeconds / amount) * 1e6).toFixed(0)} us of CPU each, ${seconds.toFixed(0)} s)`, '/s', rate, [
        { what: '/s', value: rate, atLeast },
      ]),
      ...ofPlain((found) => amount / found.cpuSeconds),
      ...ratio,
    },
    row(': requests for each', 'requests', requests, [
      { what: 'requests', value: requests, atMost: MAINTENANCE.requests },
    ]),
    {
      ...row(': peak of memory', 'MiB', peak, [{ what: 'MiB', value: peak, atMost: MAINTENANCE.peak }]),
      ...ofPlain((found) => found.peak),
    },
    {
      ...row(`: event-loop delay p99 (max ${delayMax.toFixed(0)} ms)`, 'ms', delayP99, [
        { what: 'p99 ms', value: delayP99, atMost: MAINTENANCE.delayP99 },
      ]),
      ...ofPlain((found) => found.delayP99),
    },
  ];
}

/** Shards so small that only their overhead counts: claims, saves, plan, report and status. */
async function inShards(lab: Lab, account: Account): Promise<Row[]> {
  const count = lab.isQuick ? QUICK_SHARDS : SHARDS;
  const amount = count * SHARD_SIZE;
  const shards = { job: 'bench', pageSize: SHARD_SIZE, pagesPerShard: 1 };
  process.stderr.write(`maintenance: ${count} shards\n`);
  const order: JobOrder = { url: account.url, source: `blobs${amount}`, task: 'rewrap', shards };
  const { result, counts } = await measured(account, order);
  assertAll(result, counts, { task: 'rewrap', amount });
  await statusOf(account.url, shards.job);
  const asked = (await account.counts()).stateRequests;
  const row = (what: string, unit: Row['unit'], value: number, targets: readonly Target[] = []): Row => ({
    subject: `maintenance in ${count.toLocaleString('en-US')} shards of ${SHARD_SIZE} blobs, twice: rewrap and census`,
    case: what,
    protocol: '2.0',
    unit,
    encrypted: value,
    ...(lab.isQuick ? {} : { targets }),
  });
  return [
    row('time of a shard', 'ms', (result.seconds * 1000) / (2 * count)),
    row('requests for the state of a shard', 'requests', counts.stateRequests / (2 * count)),
    row('requests for the objects of a shard, plan included', 'requests', counts.objectRequests / (2 * count)),
    row('longest document of the state', 'bytes', counts.longestDocument),
    row('peak of memory', 'MiB', result.peak, [{ what: 'MiB', value: result.peak, atMost: MAINTENANCE.peak }]),
    row('requests for the status of the job', 'requests', asked, [
      { what: 'requests', value: asked, atMost: MAINTENANCE.statusRequests },
    ]),
  ];
}
