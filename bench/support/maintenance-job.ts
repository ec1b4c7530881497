/** A maintenance job in its own process, so that nothing else has raised the peak of memory. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AzureNamedKeyCredential, TableClient } from '@azure/data-tables';
import {
  AesKeyEncryptionKey,
  EncryptedBlobService,
  type EncryptionPolicy,
  KeyRing,
  type MaintenanceSource,
  type MaintenanceTask,
  maintenanceStatus,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { maintainedRows } from './internals.js';
import { peakMib } from './memory.js';
import { plainBlobs, plainRows } from './plain-maintenance.js';
import { type Sample, takeSample } from './sample.js';
import { BENCH_ACCOUNT, benchKey, plainService } from './transfer.js';

const THIS_FILE = fileURLToPath(import.meta.url);
/** The limit of the engine is more than one process can do. */
const UNPACED = 100_000;
const STATE = 'state';

export interface JobOrder {
  readonly url: string;
  /** The container or table. Its name sets how many objects it has. */
  readonly source: string;
  /** `plain`: the SDK alone, for comparison. */
  readonly task: 'rewrap' | 'census' | 'plain';
  /** Divides the job into shards, whose state is stored in the account. */
  readonly shards?: { readonly job: string; readonly pageSize: number; readonly pagesPerShard: number };
}

export interface JobResult extends Pick<Sample, 'seconds' | 'cpuSeconds' | 'delayP99' | 'delayMax'> {
  readonly seen: number;
  readonly done: number;
  /** Objects that the census found under the old key. */
  readonly left: number;
  /** Resident memory in MiB. */
  readonly peak: number;
}

export async function runInProcess(order: JobOrder): Promise<JobResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [THIS_FILE, JSON.stringify(order)]);
  return JSON.parse(stdout) as JobResult;
}

/** The key of the objects in the account, and the key to which a rewrap moves them. */
export const oldKey = benchKey;
const newKey = (): AesKeyEncryptionKey =>
  AesKeyEncryptionKey.fromBase64('bench:2027', Buffer.alloc(32, 'young').toString('base64'));

async function run(order: JobOrder): Promise<JobResult> {
  return order.task === 'plain' ? runPlain(order) : runJob({ ...order, task: order.task });
}

async function runPlain({ url, source }: JobOrder): Promise<JobResult> {
  let seen = 0;
  const { seconds, cpuSeconds, delayP99, delayMax } = await takeSample(async () => {
    const isOfBlobs = source.startsWith('blobs');
    seen = await (isOfBlobs
      ? plainBlobs(plainService(url).getContainerClient(source))
      : plainRows(tableOf(url, source)));
  });
  return { seconds, cpuSeconds, delayP99, delayMax, seen, done: seen, left: 0, peak: peakMib() };
}

async function runJob({
  url,
  source,
  task,
  shards,
}: JobOrder & { readonly task: 'rewrap' | 'census' }): Promise<JobResult> {
  const retire = [oldKey().keyId];
  const job = {
    name: shards?.job ?? 'bench',
    task: { do: task, retire } satisfies MaintenanceTask,
    sources: [sourceOf(url, source, shards?.pageSize)],
  };
  const state = shards === undefined ? {} : { state: plainService(url).getContainerClient(STATE) };
  const options = { patience: 0, requestsPerSecond: UNPACED, ...state, ...pagesOf(shards) };
  let report: Awaited<ReturnType<typeof runMaintenance>> | null = null;
  const sample = await takeSample(async () => (report = await runMaintenance(job, options)));
  const { seen, outcomes, census } = report!;
  const old = census.entries.filter(({ keyId }) => keyId === retire[0]);
  const { seconds, cpuSeconds, delayP99, delayMax } = sample;
  return {
    ...{ seconds, cpuSeconds, delayP99, delayMax, seen, done: outcomes.done ?? 0 },
    left: old.reduce((sum, { count }) => sum + count, 0),
    peak: peakMib(),
  };
}

const pagesOf = (shards: JobOrder['shards']) => (shards === undefined ? {} : { pagesPerShard: shards.pagesPerShard });

function sourceOf(url: string, name: string, pageSize: number | undefined): MaintenanceSource {
  const policy: EncryptionPolicy = {
    protocol: '2.1',
    requireEncryption: true,
    keyEncryptionKey: newKey(),
    keyResolver: new KeyRing([oldKey()]).resolve,
  };
  if (name.startsWith('blobs')) {
    const blobs = new EncryptedBlobService(() => plainService(url), policy);
    return blobs.getContainerClient(name).forMaintenance(pageSize === undefined ? {} : { pageSize });
  }
  return new maintainedRows.MaintainedRows({ table: tableOf(url, name), policy, entityClass: null });
}

function tableOf(url: string, name: string): TableClient {
  const credential = new AzureNamedKeyCredential(BENCH_ACCOUNT.accountName, BENCH_ACCOUNT.accountKey);
  return new TableClient(url, name, credential, { allowInsecureConnection: true });
}

/** Reads the progress of a job, as `maintain status` does. */
export const statusOf = (url: string, job: string) =>
  maintenanceStatus(plainService(url).getContainerClient(STATE), job);

if (process.argv[1] === THIS_FILE) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as JobOrder)));
}
