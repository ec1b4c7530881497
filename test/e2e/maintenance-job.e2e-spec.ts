/** Jobs with saved state: shards, interruptions, several processes, and outages. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import {
  Encrypt,
  EncryptedBlobService,
  type EncryptedContainerClient,
  EncryptedEntity,
  type KeyEncryptionKey,
  KeyUnavailableError,
  type MaintenanceEvent,
  maintenanceStatus,
  type MaintenanceJob,
  type MaintenanceOptions,
  planMaintenance,
  runMaintenance,
  runMaintenanceShard,
} from 'nestjs-azure-encrypted-storage';
import { connectionString, uniqueName, uniqueTableName } from '../support/azurite.js';
import { containersFor } from '../support/blobs.js';
import { FlakyKey, newQueue, plainQueue } from '../support/consumers.js';
import { after, before, during, OLD, oldKey } from '../support/maintenance.js';
import { tableOf } from '../support/tables.js';

@EncryptedEntity<Row>()
class Row {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

const service = BlobServiceClient.fromConnectionString(connectionString());
const NAMES = Array.from({ length: 23 }, (_, index) => `blob-${String(index).padStart(2, '0')}`);

let old: EncryptedContainerClient;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
let state: MaintenanceOptions['state'];
beforeEach(async () => {
  [old, both, young] = await containersFor(before(), during(), after());
  state = service.getContainerClient(uniqueName('state'));
  await Promise.all(NAMES.map((name) => old.getBlockBlobClient(name).uploadData(name)));
});

const job = (more: Partial<MaintenanceJob> = {}): MaintenanceJob => ({
  name: 'leave-2025',
  task: { do: 'rewrap', retire: [OLD] },
  sources: [both.forMaintenance({ pageSize: 5 })],
  ...more,
});

const openable = async () => {
  const texts = await Promise.all(
    NAMES.map(async (name) => String(await young.getBlockBlobClient(name).downloadToBuffer())),
  );
  return texts.filter((text, at) => text === NAMES[at]).length;
};

describe('a job with saved state', () => {
  it('reports the plan, each shard and the progress as events, under its name and without content', async () => {
    const events: MaintenanceEvent[] = [];
    const onEvent = (event: MaintenanceEvent): void => void events.push(event);
    const eventsOf = (kind: string) => events.filter((event) => event.kind === kind);
    const options = { state: state!, pagesPerShard: 2, onEvent };
    await runMaintenance(job(), options);

    expect(events.map(({ job: name }) => name)).toEqual(events.map(() => 'leave-2025'));
    expect(eventsOf('planned')).toMatchObject([
      { pass: 'work', shards: 3 },
      { pass: 'census', shards: 3 },
    ]);
    const shards = [0, 1, 2].map((number) => `leave-2025/1/work/shards/000000${number}.json`);
    const ofWork = (kind: string) => eventsOf(kind).filter((event) => 'pass' in event && event.pass === 'work');
    expect(ofWork('shardStarted')).toMatchObject(shards.map((shard) => ({ shard, seen: 0 })));
    expect(ofWork('shardDone')).toMatchObject(shards.map((shard, at) => ({ shard, done: [10, 10, 3][at], failed: 0 })));
    expect(JSON.stringify(events)).not.toMatch(/WrappedContentKey|EncryptedKey|blob-00/);

    events.length = 0;
    await runMaintenance(job(), options);

    expect(ofWork('progress').at(-1)).toMatchObject({ seen: 23, done: 0, eta: 0 });
  });

  it('reports the current pass in its status', async () => {
    const pass = async () => (await maintenanceStatus(state!, job().name))?.running?.pass;
    await planMaintenance(job(), { state: state! }).next();
    expect(await pass()).toBe('work');

    const ending = new AbortController();
    const onEvent = (event: MaintenanceEvent): void => {
      if (event.kind === 'shardStarted' && event.pass === 'census') ending.abort();
    };
    const stopped = runMaintenance(job(), { state: state!, onEvent, abortSignal: ending.signal });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(await pass()).toBe('census');

    await runMaintenance(job(), { state: state! });
    expect(await maintenanceStatus(state!, job().name)).toEqual({ job: job().name, finishedRuns: 1, running: null });
    await planMaintenance(job(), { state: state! }).next();
    expect(await pass()).toBe('work');
  });

  it('continues after an abort where it stopped, and starts over once it has finished', async () => {
    const ending = new AbortController();
    const onEvent = (): void => ending.abort();
    const first = runMaintenance(job(), { state: state!, concurrency: 1, onEvent, abortSignal: ending.signal });
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });

    const report = await runMaintenance(job(), { state: state! });
    const again = await runMaintenance(job(), { state: state! });

    expect([report.seen, again.seen, await openable()]).toEqual([23, 23, 23]);
    expect(again.outcomes).toEqual({ same: 23 });
  });

  it('counts again if a process ended between its report and the end of its run', async () => {
    const census = job({ task: { do: 'census', retire: [OLD] }, sources: [young.forMaintenance()] });
    await runMaintenance(census, { state: state! });
    const stored = state!.getBlockBlobClient(`${census.name}/job.json`);
    const finished = JSON.parse(String(await stored.downloadToBuffer())) as object;
    const text = JSON.stringify({ ...finished, finished: 0, startedAt: new Date(0).toISOString() });
    await stored.upload(text, text.length);
    await old.getBlockBlobClient('blob-later').uploadData('later');

    const report = await runMaintenance(census, { state: state! });

    expect(report.seen).toBe(NAMES.length + 1);
    expect(report.startedAt).not.toBe(new Date(0).toISOString());
  });

  it('is rejected under the same name with another task', async () => {
    await runMaintenance(job(), { state: state! });

    const other = runMaintenance(job({ task: { do: 'census' } }), { state: state! });

    await expect(other).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('is rejected under the same name in another account with containers of the same names', async () => {
    await runMaintenance(job(), { state: state! });
    const { accountName, containerName } = both.unencryptedClient;
    const elsewhere = BlobServiceClient.fromConnectionString(connectionString().replaceAll(accountName, 'elsewhere'));
    const namesake = new EncryptedBlobService(() => elsewhere, during()).getContainerClient(containerName);

    const other = runMaintenance(job({ sources: [namesake.forMaintenance()] }), { state: state! });

    await expect(other).rejects.toMatchObject({ code: 'INVALID_OPTIONS', message: /in another account/ });
  });

  it('identifies the account of every kind of source', async () => {
    const poison = (await newQueue(during('2.0'))).forMaintenance(plainQueue('accounts-poison'));
    const rows = tableOf(Row, uniqueTableName('accounts'), during('2.0')).forMaintenance();

    const accounts = [both.forMaintenance(), poison, rows].map(({ account }) => account);

    expect(new Set(accounts)).toEqual(new Set([both.unencryptedClient.accountName]));
  });

  it('is shared by processes, each object in one shard and processed once', async () => {
    const options = { state: state!, pagesPerShard: 1, concurrency: 2 };

    const reports = await Promise.all([1, 2, 3].map(() => runMaintenance(job(), options)));

    expect(reports.map(({ seen }) => seen)).toEqual([23, 23, 23]);
    expect(reports.map(({ census }) => census.entries.map(({ count }) => count))).toEqual([[23], [23], [23]]);
    expect(await openable()).toBe(23);
  });

  it('runs shard by shard under an engine of your own', async () => {
    const options = { state: state!, pagesPerShard: 2 };
    const shards: string[] = [];
    for await (const shard of planMaintenance(job(), options)) shards.push(shard);

    expect(shards).toHaveLength(3);
    for (const shard of [...shards].reverse()) expect(await runMaintenanceShard(job(), shard, options)).toBe('done');
    expect(await runMaintenanceShard(job(), shards[0]!, options)).toBe('done');
    expect(await openable()).toBe(23);
    const report = await runMaintenance(job(), options);
    expect(report).toMatchObject({ seen: 23, outcomes: { done: 23 } });
  });

  it('processes everything before the next shard, even if the first names of that shard are deleted', async () => {
    const options = { state: state!, pagesPerShard: 1 };
    const shards: string[] = [];
    for await (const shard of planMaintenance(job(), options)) shards.push(shard);
    await old.getBlockBlobClient('blob-05').delete();
    await old.getBlockBlobClient('blob-04a').uploadData('new');

    for (const shard of shards) await runMaintenanceShard(job(), shard, options);

    expect(String(await young.getBlockBlobClient('blob-04a').downloadToBuffer())).toBe('new');
  });

  it('keeps no keys and no content in its state', async () => {
    await runMaintenance(job(), { state: state! });

    const texts: string[] = [];
    for await (const { name } of state!.listBlobsFlat()) {
      texts.push(name, String(await state!.getBlockBlobClient(name).downloadToBuffer()));
    }
    expect(texts.join('\n')).not.toMatch(/EncryptedKey|ContentEncryption|WrappedContentKey/);
    expect(texts.filter((name) => name.startsWith('leave-2025/'))).toEqual(
      expect.arrayContaining(['leave-2025/job.json', 'leave-2025/1/report.json']),
    );
  });
});

describe('an outage of the key', () => {
  it('pauses the job without counting failures', async () => {
    const key = new FlakyKey(oldKey);
    key.isDown = true;
    const [flaky] = await containersFor(during('2.1', { keyResolver: () => key }));
    const container = Object.assign(flaky, { unencryptedClient: both.unencryptedClient });
    const events: MaintenanceEvent['kind'][] = [];
    const onEvent = ({ kind }: MaintenanceEvent): void => {
      events.push(kind);
      if (kind === 'keyUnavailable') key.isDown = false;
    };

    const report = await runMaintenance(job({ sources: [container.forMaintenance()] }), { onEvent });

    expect(report.outcomes).toEqual({ done: 23 });
    expect(events.filter((kind) => kind.startsWith('key'))).toEqual(['keyUnavailable', 'keyAvailable']);
  });

  it('ends the job with its error once it exceeds the patience, and the job can be resumed', async () => {
    const key = new FlakyKey(oldKey);
    key.isDown = true;
    const container = Object.assign((await containersFor(during('2.1', { keyResolver: () => key })))[0], {
      unencryptedClient: both.unencryptedClient,
    });
    const sources = [container.forMaintenance()];

    const running = runMaintenance(job({ sources }), { state: state!, patience: 0 });
    await expect(running).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    key.isDown = false;

    expect((await runMaintenance(job({ sources }), { state: state! })).outcomes).toEqual({ done: 23 });
  });

  it('ends the job only once all pending work has finished', async () => {
    let [asked, underWay] = [0, 0];
    const key: KeyEncryptionKey = {
      keyId: oldKey.keyId,
      wrapKey: (contentKey) => oldKey.wrapKey(contentKey),
      unwrapKey: async (encryptedKey, algorithm) => {
        asked += 1;
        if (asked === 1) {
          // on a busy machine it would fail before another begins
          while (underWay === 0) await nextTurn();
          throw new KeyUnavailableError(oldKey.keyId);
        }
        underWay += 1;
        for (let turn = 0; turn < 100; turn += 1) await nextTurn();
        underWay -= 1;
        return oldKey.unwrapKey(encryptedKey, algorithm);
      },
    };
    const container = Object.assign((await containersFor(during('2.1', { keyResolver: () => key })))[0], {
      unencryptedClient: both.unencryptedClient,
    });

    const running = runMaintenance(job({ sources: [container.forMaintenance()] }), { state: state!, patience: 0 });

    await expect(running).rejects.toMatchObject({ code: 'KEY_UNAVAILABLE' });
    expect(asked).toBeGreaterThan(1);
    expect(underWay).toBe(0);
  });
});

describe('options', () => {
  it.each([
    [{ name: 'Not a name' }, {}, /"name"/],
    [{ sources: [] }, {}, /"sources"/],
    [{ task: { do: 'rewrap', retire: [] } }, {}, /"task.retire"/],
    [{}, { concurrency: 0 }, /"concurrency"/],
    [{}, { patience: -1 }, /"patience"/],
    [{}, { dryrun: true }, /"dryrun" is not an option/],
  ])('%j with %j are rejected before any request', async (more, options, message) => {
    const running = runMaintenance(job(more as Partial<MaintenanceJob>), options as MaintenanceOptions);

    await expect(running).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(message) as string,
    });
  });
});
