/** How a job checks what it writes: it opens rewrapped content, reads content back, and keeps snapshots until then. */
import type { Metadata } from '@azure/storage-blob';
import {
  Encrypt,
  EncryptedContainerClient,
  EncryptedEntity,
  type EncryptedTableClient,
  type MaintenanceSource,
  type MaintenanceTask,
  type ProtocolVersion,
  type ReencryptVerification,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, type Exchange } from '../support/answers-proxy.js';
import { uniqueTableName } from '../support/azurite.js';
import { behind, containersFor, content, snapshotsIn } from '../support/blobs.js';
import { likewise, newQueue, plainQueue, visibleTexts } from '../support/consumers.js';
import { after, before, during, OLD } from '../support/maintenance.js';
import { PageProxy } from '../support/page-proxy.js';
import { requestsOf, tableOf } from '../support/tables.js';

const CONTENT: MaintenanceTask = { do: 'rewrap', retire: [OLD], verify: 'content' };
const WRAP: MaintenanceTask = { do: 'rewrap', retire: [OLD], verify: 'wrap' };
const again = (verify: ReencryptVerification): MaintenanceTask => ({
  do: 'reencrypt',
  when: { keyIds: [OLD] },
  verify,
});
const run = (task: MaintenanceTask, source: MaintenanceSource, options = {}) =>
  runMaintenance({ name: 'leave', task, sources: [source] }, options);

@EncryptedEntity<Patient>({ clear: [] })
class Patient {
  partitionKey!: string;
  rowKey!: string;
  @Encrypt() name!: string;
}

let old: EncryptedContainerClient;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
let proxy: PageProxy;
let answers: AnswersProxy;
beforeAll(async () => {
  [proxy, answers] = await Promise.all([PageProxy.start(), AnswersProxy.start()]);
});
afterAll(() => Promise.all([proxy.close(), answers.close()]));
const prepare = async (protocol: ProtocolVersion) => {
  proxy.clear();
  answers.clear();
  [old, both, young] = await containersFor(before(protocol), during(protocol), after(protocol));
};
const snapshots = () => snapshotsIn(old);
/** The same container, through a proxy. */
const through = (one: PageProxy | AnswersProxy) => behind(one, old, during()).forMaintenance();

/** Changes the last byte of the answer. */
function flipped({ answer, response }: Exchange): boolean {
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('end', () => {
    const body = Buffer.concat(chunks);
    body.writeUInt8((body.at(-1) ?? 0) ^ 1, body.length - 1);
    response.writeHead(answer.statusCode ?? 500, answer.headers).end(body);
  });
  return true;
}

describe('a rewrap that opens content', () => {
  it.each<[ProtocolVersion, number]>([
    ['2.1', 0],
    ['2.1', 9 * 1024 * 1024],
    ['2.0', 70_000],
    ['1.0', 0],
    ['1.0', 70_000],
  ])('leaves a blob of %s with %i bytes readable with the new key', async (protocol, length) => {
    await prepare(protocol);
    await old.getBlockBlobClient('one').uploadData(content(length));

    const report = await run(CONTENT, both.forMaintenance());

    expect(report.outcomes).toEqual({ done: 1 });
    expect((await young.getBlockBlobClient('one').downloadToBuffer()).equals(content(length))).toBe(true);
  });

  it.each<ProtocolVersion>(['2.1', '1.0'])(
    'does not change a blob of %s whose content belongs to another key',
    async (protocol) => {
      await prepare(protocol);
      const blob = old.getBlockBlobClient('swapped');
      await blob.uploadData('some content');
      const { metadata } = await blob.getProperties();
      const { length } = await blob.unencryptedClient.downloadToBuffer();
      await blob.unencryptedClient.uploadData(content(length), { metadata });

      const report = await run(CONTENT, both.forMaintenance(), { dryRun: true });
      const unnoticed = await run(WRAP, both.forMaintenance(), { dryRun: true });

      expect(report).toMatchObject({ outcomes: { damaged: 1 }, failures: [{ name: 'swapped' }] });
      expect(unnoticed.outcomes).toEqual({ done: 1 });
    },
  );

  it('reads each row completely, and leaves one that does not open', async () => {
    const name = uniqueTableName('rows');
    const [rows, ours] = [before(), during()].map((policy) => tableOf(Patient, name, policy));
    await rows?.createTable();
    for (const rowKey of ['1', '2']) await rows?.createEntity({ partitionKey: 'north', rowKey, name: rowKey });
    const swapped = { partitionKey: 'north', rowKey: '2', name: Buffer.alloc(16, 7) };
    await rows?.unencryptedClient.updateEntity(swapped, 'Merge');

    const report = await run(CONTENT, ours?.forMaintenance() as MaintenanceSource);

    expect(report).toMatchObject({ outcomes: { done: 1, damaged: 1 }, failures: [{ name: '["north","2"]' }] });
    expect(await tableOf(Patient, name, after()).getEntity('north', '1')).toMatchObject({ name: '1' });
  });

  it('opens a message of a poison queue', async () => {
    const queue = await newQueue(before('2.0'));
    await queue.sendMessage('a referral');
    const poison = plainQueue(`${queue.name}-poison`);
    const [text = ''] = await visibleTexts(queue.name);
    const message = JSON.parse(text) as { EncryptedMessageContents: string };
    const other = { ...message, EncryptedMessageContents: Buffer.alloc(40, 1).toString('base64') };
    for (const one of [message, other]) await poison.sendMessage(JSON.stringify(one));

    const report = await run(CONTENT, likewise(queue, during('2.0')).forMaintenance(poison));

    expect(report.outcomes).toEqual({ done: 1, damaged: 1 });
  });
});

describe('content that is read back', () => {
  beforeEach(async () => {
    await prepare('2.1');
    await old.getBlockBlobClient('one').uploadData('one');
  });
  const text = async () => String(await young.getBlockBlobClient('one').downloadToBuffer());
  /** Changes what the service returns after the commit. */
  function spoilAfterCommit(): void {
    let isCommitted = false;
    answers.spoil = (exchange) => {
      const { method = '', url = '' } = exchange.request;
      isCommitted ||= method === 'PUT' && !url.includes('comp=');
      return isCommitted && method === 'GET' && !url.includes('comp=') && flipped(exchange);
    };
  }

  it.each<ReencryptVerification>(['seal', 'readBack', 'snapshot'])(
    'is new with %s, and no snapshot stays',
    async (verify) => {
      const report = await run(again(verify), both.forMaintenance());

      expect(report.outcomes).toEqual({ done: 1 });
      expect([await text(), await snapshots()]).toEqual(['one', []]);
    },
  );

  it('is reported if it differs from what was sent, and the snapshot keeps the old content', async () => {
    spoilAfterCommit();

    const report = await run(again('snapshot'), through(answers));

    expect(report).toMatchObject({ outcomes: { damaged: 1 }, failures: [{ code: 'READ_BACK_FAILED' }] });
    const [snapshot = ''] = await snapshots();
    expect(String(await old.getBlockBlobClient('one').withSnapshot(snapshot).downloadToBuffer())).toBe('one');
    expect(report.census.verdict?.mayDestroy).toBe('no');
  });

  it('decides whether a write succeeded whose answer was lost', async () => {
    proxy.fate = (action, earlier) => (action === 'write' && earlier === 0 ? 'lose' : 'pass');

    const report = await run(again('snapshot'), through(proxy));

    expect(report.outcomes).toEqual({ done: 1 });
    expect([await text(), await snapshots()]).toEqual(['one', []]);
  });

  it('is read back like any other if its request arrives late, during the next attempt', async () => {
    proxy.fate = (action, earlier) => (action === 'write' && earlier === 0 ? 'delay' : 'pass');

    const report = await run(again('snapshot'), through(proxy));

    expect(report.outcomes).toEqual({ done: 1 });
    expect(proxy.actions.filter((action) => action === 'read')).toHaveLength(3);
    expect([await text(), await snapshots()]).toEqual(['one', []]);
  });

  it('is reported if its request arrives late and it does not read back, and the snapshot stays', async () => {
    const blob = old.unencryptedClient.getBlockBlobClient('one');
    proxy.fate = (action, earlier) => {
      if (action === 'write' && earlier === 0) return 'delay';
      return action === 'read' && earlier === 2 ? blob.setMetadata({ ward: '3' }) : 'pass';
    };

    const report = await run(again('snapshot'), through(proxy));

    expect(report.failures).toMatchObject([{ outcome: 'damaged', code: 'READ_BACK_FAILED' }]);
    expect(await snapshots()).toHaveLength(1);
  });

  it('is read back after an outage', async () => {
    // the first read is that of the old content
    proxy.fate = (action, earlier) =>
      action === 'read' && earlier === 1 ? { status: 503, code: 'ServerBusy' } : 'pass';

    const report = await run(again('snapshot'), through(proxy));

    expect(report.outcomes).toEqual({ done: 1 });
    expect(proxy.actions.filter((action) => action === 'read')).toHaveLength(3);
    expect([await text(), await snapshots()]).toEqual(['one', []]);
  });

  it.each([
    [409, 'BlobImmutableDueToPolicy', { immutable: 1 }],
    [412, 'ConditionNotMet', { conflict: 1 }],
  ])('leaves no snapshot if the write is rejected with %i', async (status, code, outcomes) => {
    proxy.fate = (action) => (action === 'write' ? { status, code } : 'pass');

    const report = await run(again('snapshot'), through(proxy));

    expect(report.outcomes).toEqual(outcomes);
    expect(await snapshots()).toEqual([]);
    expect(String(await old.getBlockBlobClient('one').downloadToBuffer())).toBe('one');
  });

  it('is not checked if another writer has replaced it', async () => {
    proxy.fate = (action, earlier) =>
      action === 'read' && earlier === 1 ? young.getBlockBlobClient('one').uploadData('newer') : 'pass';

    const report = await run(again('readBack'), through(proxy));

    expect([report.outcomes, await text()]).toEqual([{ done: 1 }, 'newer']);
  });

  it('is still compared if another writer sets metadata, and the snapshot stays if it is damaged', async () => {
    const blob = young.unencryptedClient.getBlockBlobClient('one');
    const spoil = async () => {
      const { metadata } = await blob.getProperties();
      const bytes = await blob.downloadToBuffer();
      await blob.uploadData(bytes.fill(1), { metadata: { ...metadata, ward: '3' } });
    };
    proxy.fate = (action, earlier) => (action === 'read' && earlier === 1 ? spoil() : 'pass');

    const report = await run(again('snapshot'), through(proxy));

    expect(report).toMatchObject({ outcomes: { damaged: 1 }, failures: [{ code: 'READ_BACK_FAILED' }] });
    const [snapshot = ''] = await snapshots();
    expect(String(await old.getBlockBlobClient('one').withSnapshot(snapshot).downloadToBuffer())).toBe('one');
  });

  it.each<[string, (found: Metadata) => Metadata]>([
    ['that it read before', (found) => found],
    ['that is entirely new', () => ({ ward: '3' })],
  ])('is reported, with the snapshot kept, if another writer sets metadata %s', async (_what, next) => {
    const blob = old.unencryptedClient.getBlockBlobClient('one');
    const { metadata = {} } = await blob.getProperties();
    proxy.fate = (action, earlier) => (action === 'read' && earlier === 1 ? blob.setMetadata(next(metadata)) : 'pass');

    const report = await run(again('snapshot'), through(proxy));

    expect(report).toMatchObject({ outcomes: { damaged: 1 }, failures: [{ code: 'READ_BACK_FAILED' }] });
    const [snapshot = ''] = await snapshots();
    expect(String(await old.getBlockBlobClient('one').withSnapshot(snapshot).downloadToBuffer())).toBe('one');
  });

  it('is reported if its snapshot cannot be deleted', async () => {
    proxy.fate = (action) => (action === 'delete' ? { status: 403, code: 'AuthorizationPermissionMismatch' } : 'pass');

    const report = await run(again('snapshot'), through(proxy));

    expect(report).toMatchObject({ outcomes: { refused: 1 }, failures: [{ name: 'one', code: 'SNAPSHOT_LEFT' }] });
    expect([await text(), await snapshots()]).toEqual(['one', [expect.any(String)]]);
  });

  it('is resolved by the next job, not by a dry run, after an outage that the job did not wait for', async () => {
    proxy.fate = (action) => (action === 'write' ? { status: 503, code: 'ServerBusy' } : 'pass');
    const source = through(proxy);
    await expect(run(again('snapshot'), source, { patience: 0 })).rejects.toMatchObject({ statusCode: 503 });
    proxy.clear();
    const found = async () => [(await old.getBlockBlobClient('one').getProperties()).etag, await snapshots()];
    const unsettled = await found();

    const dry = await run(again('snapshot'), source, { dryRun: true });
    expect([dry.outcomes, await found()]).toEqual([{ done: 1 }, unsettled]);

    const report = await run(again('snapshot'), source);
    expect(report.outcomes).toEqual({ done: 1 });
    expect([await text(), await snapshots()]).toEqual(['one', []]);
  });

  it('is resolved by the next job of the same process after an abort', async () => {
    const stopping = new AbortController();
    proxy.fate = (action) => {
      if (action === 'write') stopping.abort();
      return action === 'write' ? { status: 503, code: 'ServerBusy' } : 'pass';
    };
    const source = through(proxy);
    const stopped = run(again('snapshot'), source, { abortSignal: stopping.signal });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    proxy.clear();

    const report = await run(again('snapshot'), source);

    expect(report.outcomes).toEqual({ done: 1 });
    expect([await text(), await snapshots()]).toEqual(['one', []]);
  });

  it('leaves no snapshot after an outage', async () => {
    proxy.fate = (action, earlier) =>
      action === 'delete' && earlier === 0 ? { status: 503, code: 'ServerBusy' } : 'pass';

    const report = await run(again('snapshot'), through(proxy));

    expect(report.outcomes).toEqual({ done: 1 });
    expect([await text(), await snapshots()]).toEqual(['one', []]);
  });

  it('is also compared for a row', async () => {
    const name = uniqueTableName('rows');
    const [rows, ours] = [before(), during()].map((policy) => tableOf(Patient, name, policy));
    await rows?.createTable();
    await rows?.createEntity({ partitionKey: 'north', rowKey: '1', name: 'one' });

    const requests = requestsOf(ours as EncryptedTableClient<Patient>);
    const report = await run(again('readBack'), ours?.forMaintenance() as MaintenanceSource);

    expect(report.outcomes).toEqual({ done: 1 });
    expect(requests.filter((one) => !one.startsWith('GET'))).toHaveLength(1);
    // the listing, the row, the row again, and the listing of the census
    expect(requests.filter((one) => one.startsWith('GET'))).toHaveLength(4);
  });

  it('is also compared for a row that another writer has changed without sealing it', async () => {
    const name = uniqueTableName('rows');
    const [rows, ours] = [before(), during()].map((policy) => tableOf(Patient, name, policy));
    await rows?.createTable();
    await rows?.createEntity({ partitionKey: 'north', rowKey: '1', name: 'one' });
    const spoiled = { partitionKey: 'north', rowKey: '1', name: Buffer.alloc(16, 7) };
    let isWritten = false;
    requestsOf(ours as EncryptedTableClient<Patient>, async (method) => {
      if (isWritten && method === 'GET') await rows?.unencryptedClient.updateEntity(spoiled, 'Merge');
      isWritten = method === 'PUT';
    });

    const report = await run(again('readBack'), ours?.forMaintenance() as MaintenanceSource);

    expect(report).toMatchObject({ outcomes: { damaged: 1 }, failures: [{ code: 'READ_BACK_FAILED' }] });
  });
});
