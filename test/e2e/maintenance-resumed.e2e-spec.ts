/** What a job keeps from an interrupted run: the names of failures, and the remaining work. */
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import {
  type EncryptedContainerClient,
  type MaintenanceEvent,
  maintenanceFailures,
  type MaintenanceJob,
  type MaintenanceOptions,
  maintenanceStatus,
  type ObjectFailure,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName } from '../support/azurite.js';
import { containersFor } from '../support/blobs.js';
import { after, before, during, OLD } from '../support/maintenance.js';

const service = BlobServiceClient.fromConnectionString(connectionString());
const NAMES = Array.from({ length: 23 }, (_, index) => `blob-${String(index).padStart(2, '0')}`);
const PAGE = 5;

let both: EncryptedContainerClient;
/** Has no access to the old key, so every object fails. */
let young: EncryptedContainerClient;
let state: ContainerClient;
beforeEach(async () => {
  const [old, ...others] = await containersFor(before(), during(), after());
  [both, young] = others;
  state = service.getContainerClient(uniqueName('state'));
  await Promise.all(NAMES.map((name) => old.getBlockBlobClient(name).uploadData(name)));
});

const job = (container: EncryptedContainerClient): MaintenanceJob => ({
  name: 'leave-2025',
  task: { do: 'rewrap', retire: [OLD] },
  sources: [container.forMaintenance({ pageSize: PAGE })],
});

/** Runs the job until `isEnd` returns true for an event. */
async function interrupted(
  container: EncryptedContainerClient,
  isEnd: (event: MaintenanceEvent) => boolean,
  options: Partial<MaintenanceOptions> = {},
): Promise<void> {
  const ending = new AbortController();
  const onEvent = (event: MaintenanceEvent): void => (isEnd(event) ? ending.abort() : undefined);
  const run = runMaintenance(job(container), { state, ...options, onEvent, abortSignal: ending.signal });
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
}

async function named(): Promise<ObjectFailure[]> {
  const found: ObjectFailure[] = [];
  for await (const failure of maintenanceFailures(state, job(both).name)) found.push(failure);
  return found;
}

const textOf = async (name: string): Promise<string> =>
  String(
    await state
      .getBlockBlobClient(name)
      .downloadToBuffer()
      .catch(() => ''),
  );
const documents = async (): Promise<string[]> => {
  const names: string[] = [];
  for await (const { name } of state.listBlobsFlat()) names.push(name);
  return names;
};
const write = async (name: string, text: string): Promise<void> => {
  await state.getBlockBlobClient(name).upload(text, text.length);
};

describe('the failures of a job', () => {
  it('are in its state by name, each once, also after an interruption', async () => {
    await interrupted(young, ({ kind }) => kind === 'object');
    expect((await named()).length % PAGE).toBe(0);

    const { failures } = await runMaintenance(job(young), { state });

    expect(await named()).toEqual(failures);
    expect(failures.map(({ name, outcome, code }) => [name, outcome, code])).toEqual(
      NAMES.map((name) => [name, 'keyMissing', 'KEY_NOT_FOUND']),
    );
    await expect(maintenanceFailures(state, 'never-run').next()).resolves.toMatchObject({ done: true });
  });

  it('are not in the documents written with every page', async () => {
    await runMaintenance(job(young), { state });

    const texts = await Promise.all((await documents()).map(async (name) => [name, await textOf(name)] as const));
    const withNames = texts.filter(([, text]) => text.includes('blob-01')).map(([name]) => name);
    expect(withNames).toEqual([
      'leave-2025/1/report.json',
      'leave-2025/1/work/failures/0000000-00001-000000000000.ndjson',
    ]);
  });

  it('exclude those noted by a process that was killed before it saved the page', async () => {
    await interrupted(both, ({ kind }) => kind === 'shardStarted');
    const line = `${JSON.stringify({ source: 'blobs x', name: 'x', outcome: 'leased' })}\n`;
    // an attempt that saved nothing, one that was never made, and one of an earlier version
    for (const page of ['00001-000000000000', '00009-000000000003', '000000000003']) {
      await write(`leave-2025/1/work/failures/0000000-${page}.ndjson`, line);
    }
    expect(await named()).toEqual([]);

    const { outcomes, failures } = await runMaintenance(job(both), { state });

    expect([outcomes, failures]).toEqual([{ done: NAMES.length }, []]);
    expect(await named()).toEqual([]);
  });

  it('include those of a job that an earlier version started', async () => {
    let pages = 0;
    await interrupted(young, ({ kind }) => kind === 'object' && (pages += 1) > PAGE);
    const shard = 'leave-2025/1/work/shards/0000000.json';
    const { attempts: _none, ...earlier } = JSON.parse(await textOf(shard)) as Record<string, unknown>;
    await write(shard, JSON.stringify({ ...earlier, failures: [] }));
    for (const name of (await documents()).filter((one) => one.includes('/failures/'))) {
      await write(name.replace('-00001-', '-'), await textOf(name));
      await state.deleteBlob(name);
    }

    const { failures } = await runMaintenance(job(young), { state });

    expect(failures.map(({ name }) => name)).toEqual(NAMES);
    expect(await named()).toEqual(failures);
  });
});

it('a job estimates its end from the remaining work and its own pace, also after an interruption', async () => {
  const pagesPerShard = 1;
  await runMaintenance(job(both), { state });
  let shards = 0;
  await interrupted(both, ({ kind }) => kind === 'shardStarted' && (shards += 1) === 3, { pagesPerShard });
  expect(await maintenanceStatus(state, job(both).name)).toMatchObject({ running: { shardsDone: 2, seen: 2 * PAGE } });

  const estimates: (readonly [left: number, eta: number | undefined])[] = [];
  let now = 0;
  const after = (milliseconds: number, task: () => void) => {
    const timer = setTimeout(task, milliseconds);
    return () => clearTimeout(timer);
  };
  const onEvent = (event: MaintenanceEvent): void => {
    if (event.kind !== 'progress' || event.pass !== 'work' || event.rate === 0) return;
    estimates.push([(NAMES.length - 2 * PAGE - event.seen) / event.rate, event.eta]);
  };
  await runMaintenance(job(both), { state, pagesPerShard, onEvent, clock: { now: () => (now += 1000), after } });

  expect(estimates.length).toBeGreaterThan(2);
  for (const [left, eta] of estimates) expect(eta).toBeCloseTo(left);
});
