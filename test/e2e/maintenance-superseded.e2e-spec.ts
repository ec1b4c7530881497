/** Deletion of snapshots and old versions that need a key, if the current blob has their content under another key. */
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import {
  formatMaintenanceReport,
  isMaintenanceClean,
  type MaintenanceEvent,
  type MaintenanceOptions,
  type MaintenanceReport,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { behind, containersFor, snapshotsIn } from '../support/blobs.js';
import { after, before, during, OLD } from '../support/maintenance.js';
import { PageProxy } from '../support/page-proxy.js';

const DELETE: MaintenanceTask = { do: 'deleteSuperseded', when: { keyIds: [OLD] } };
const described = {
  metadata: { patient: '17' },
  tags: { ward: '3' },
  blobHTTPHeaders: { blobContentType: 'image/png' },
};

let old: EncryptedContainerClient;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
let proxy: PageProxy;
let answers: AnswersProxy;
beforeAll(async () => {
  [proxy, answers] = await Promise.all([PageProxy.start(), AnswersProxy.start()]);
});
afterAll(() => Promise.all([proxy.close(), answers.close()]));
beforeEach(async () => {
  proxy.clear();
  answers.clear();
  [old, both, young] = await containersFor(before(), during(), after());
});

/** A blob with snapshots under the old key, which was rewrapped afterwards. Returns the last snapshot. */
async function snapshotThenRewrap(name: string, copies = 1): Promise<string> {
  const blob = old.getBlockBlobClient(name);
  await blob.uploadData(Buffer.from(name), described);
  let snapshot = '';
  for (let copy = 0; copy < copies; copy += 1) ({ snapshot = '' } = await blob.unencryptedClient.createSnapshot());
  await both.getBlockBlobClient(name).rewrapKey();
  return snapshot;
}
/** The texts of the snapshots, grouped by the key that opens them. */
async function snapshots(name: string): Promise<{ readonly old: string[]; readonly young: string[] }> {
  const found = { old: [] as string[], young: [] as string[] };
  for await (const { snapshot = '' } of old.listBlobsFlat({ prefix: name, includeSnapshots: true })) {
    if (snapshot === '') continue;
    const read = (container: EncryptedContainerClient) =>
      container.getBlockBlobClient(name).withSnapshot(snapshot).downloadToBuffer();
    await read(old).then(
      (text) => found.old.push(String(text)),
      async () => found.young.push(String(await read(young))),
    );
  }
  return found;
}
function run(
  options: MaintenanceOptions & { readonly task?: MaintenanceTask } = {},
  through?: PageProxy | AnswersProxy,
) {
  const { task = DELETE, ...others } = options;
  const container = through === undefined ? both : behind(through, old, during());
  return runMaintenance({ name: 'delete', task, sources: [container.forMaintenance()] }, others);
}

it('deletes superseded snapshots, after a dry run that names them and deletes nothing', async () => {
  const [first] = [await snapshotThenRewrap('one'), await snapshotThenRewrap('two')];

  const dry = await run({ dryRun: true });
  expect(dry).toMatchObject({ outcomes: { deleted: 2, same: 2 }, failures: [] });
  expect(dry.deletions).toContainEqual({ source: `blobs ${old.containerName}`, name: 'one', copy: first });
  expect(formatMaintenanceReport(dry, 'text')).toMatch(new RegExp(`^Would be deleted\\n.*one \\(${first}\\)`, 'm'));
  expect(isMaintenanceClean(dry)).toBe(false);
  expect((await snapshots('one')).old).toEqual(['one']);

  const events: MaintenanceEvent[] = [];
  const report = await run({ onEvent: (event) => void events.push(event) });
  expect(report.outcomes).toEqual({ deleted: 2, same: 2 });
  expect(events).toContainEqual(expect.objectContaining({ kind: 'progress', pass: 'work', done: 2, failed: 0 }));
  expect(isMaintenanceClean(report)).toBe(true);
  expect(report.census.verdict).toMatchObject({ mayDestroy: 'after' });
  // the compared content stays in a snapshot under the new key, whatever happens to the blob
  expect([await snapshots('one'), await snapshots('two')]).toEqual([
    { old: [], young: ['one'] },
    { old: [], young: ['two'] },
  ]);
});

it.each<[string, () => Promise<unknown>, string]>([
  [
    'other content',
    () => young.getBlockBlobClient('one').uploadData(Buffer.from('new'), described),
    'CURRENT_BLOB_DIFFERS',
  ],
  ['other metadata', () => young.getBlockBlobClient('one').setMetadata({ patient: '18' }), 'CURRENT_BLOB_DIFFERS'],
  ['other tags', () => young.unencryptedClient.getBlobClient('one').setTags({ ward: '4' }), 'CURRENT_BLOB_DIFFERS'],
  [
    'other headers',
    () => young.unencryptedClient.getBlobClient('one').setHTTPHeaders({ blobContentType: 'text/csv' }),
    'CURRENT_BLOB_DIFFERS',
  ],
  [
    'its old key',
    () => old.getBlockBlobClient('one').uploadData(Buffer.from('one'), described),
    'CURRENT_BLOB_NOT_DONE',
  ],
  [
    'content that does not open',
    async () => {
      const blob = young.unencryptedClient.getBlockBlobClient('one');
      const { metadata } = await blob.getProperties();
      const bytes = await blob.downloadToBuffer();
      await blob.uploadData(Buffer.from(bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))), {
        ...described,
        metadata,
      });
    },
    'CURRENT_BLOB_DAMAGED',
  ],
])('keeps a snapshot of a blob that has %s, and the key is still needed', async (_what, change, code) => {
  await snapshotThenRewrap('one');
  await change();

  const report = await run();

  expect(report).toMatchObject({ outcomes: { readOnly: 1 }, failures: [{ name: 'one', code }], deletions: [] });
  expect(report.census.verdict?.mayDestroy).toBe('no');
  expect((await snapshots('one')).old).toEqual(['one']);
});

it('keeps a snapshot that its key cannot open, and those of plaintext blobs unless selected', async () => {
  await snapshotThenRewrap('one');
  const clear = old.unencryptedClient.getBlockBlobClient('clear');
  await clear.uploadData(Buffer.from('clear'));
  await clear.createSnapshot();
  const task: MaintenanceTask = { do: 'reencrypt', when: { plaintext: true } };
  await runMaintenance({ name: 'encrypt', task, sources: [both.forMaintenance()] });

  const blind = await runMaintenance({ name: 'delete', task: DELETE, sources: [young.forMaintenance()] });
  expect(blind).toMatchObject({ outcomes: { keyMissing: 1 }, deletions: [] });
  const chosen = await run({ task: { do: 'deleteSuperseded', when: { plaintext: true } } });

  expect(chosen.deletions.map(({ name }) => name)).toEqual(['clear']);
  expect((await snapshots('one')).old).toEqual(['one']);
});

it('keeps a snapshot if another writer replaces the blob during the comparison', async () => {
  await snapshotThenRewrap('one');
  proxy.fate = (action, earlier) =>
    action === 'snapshot' && earlier === 0
      ? young.getBlockBlobClient('one').uploadData(Buffer.from('newer'), described)
      : 'pass';

  const report = await run({}, proxy);

  expect(report).toMatchObject({ outcomes: { readOnly: 1 }, failures: [{ code: 'CURRENT_BLOB_DIFFERS' }] });
  expect(await snapshots('one')).toEqual({ old: ['one'], young: [] });
});

it('keeps the last snapshot of a blob that another writer deletes during the comparison', async () => {
  await snapshotThenRewrap('one');
  // the emulator cannot delete a blob and keep its snapshots, so only the answers are changed
  let isDeleted = false;
  answers.spoil = ({ request, response }) => {
    const isCurrent = request.url?.endsWith('/one') === true;
    isDeleted ||= isCurrent && request.method === 'GET';
    if (!isDeleted || !isCurrent) return false;
    response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
    return true;
  };

  const report = await run({}, answers);

  expect(report).toMatchObject({ outcomes: { readOnly: 1 }, failures: [{ code: 'NO_CURRENT_BLOB' }] });
  expect(isMaintenanceClean(report)).toBe(false);
  expect((await snapshots('one')).old).toEqual(['one']);
});

it('takes one snapshot of a blob whose copies are compared concurrently', async () => {
  await snapshotThenRewrap('one', 5);

  expect((await run({}, proxy)).outcomes).toMatchObject({ deleted: 5 });
  expect(proxy.actions.filter((action) => action === 'snapshot')).toHaveLength(1);
  expect(await snapshots('one')).toEqual({ old: [], young: ['one'] });
});

it('takes another snapshot for the next copy if somebody has deleted the first', async () => {
  await snapshotThenRewrap('one', 2);
  const blob = old.unencryptedClient.getBlobClient('one');
  const deleteNewest = async () => blob.withSnapshot((await snapshotsIn(old)).at(-1) ?? '').delete();
  proxy.fate = (action, earlier) => (action === 'delete' && earlier === 0 ? deleteNewest() : 'pass');

  expect((await run({ concurrency: 1 }, proxy)).outcomes).toMatchObject({ deleted: 2 });
  expect(await snapshots('one')).toEqual({ old: [], young: ['one'] });
});

it('keeps content that another writer replaces between the comparison and the deletion', async () => {
  await snapshotThenRewrap('one');
  proxy.fate = (action) =>
    action === 'delete' ? young.getBlockBlobClient('one').uploadData(Buffer.from('newer'), described) : 'pass';

  const report = await run({}, proxy);

  expect(report.outcomes).toMatchObject({ deleted: 1 });
  expect(await snapshots('one')).toEqual({ old: [], young: ['one'] });
});

it.each([
  [409, 'BlobImmutableDueToPolicy', { immutable: 1, same: 1 }],
  [403, 'AuthorizationPermissionMismatch', { refused: 1, same: 1 }],
])('reports a deletion that is rejected with %i', async (status, code, outcomes) => {
  await snapshotThenRewrap('one');
  proxy.fate = (action) => (action === 'delete' ? { status, code } : 'pass');

  const report = await run({}, proxy);

  expect([report.outcomes, report.deletions]).toEqual([outcomes, []]);
  expect((await snapshots('one')).old).toEqual(['one']);
});

it.each([
  [{ 'x-ms-legal-hold': 'true' }, { code: 'LEGAL_HOLD' }],
  [
    { 'x-ms-immutability-policy-until-date': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    { code: 'IMMUTABILITY_POLICY', until: '2100-01-01T00:00:00.000Z' },
  ],
])('does not try to delete a copy protected by %j', async (header, protection) => {
  await snapshotThenRewrap('one');
  answers.spoil = ({ request, answer, response }) => {
    if (request.method !== 'HEAD' || request.url?.includes('snapshot=') !== true) return false;
    response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...header }).end();
    return true;
  };

  const report = await run({}, answers);

  expect(report).toMatchObject({ outcomes: { immutable: 1 }, failures: [protection] });
  expect(answers.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
});

it.each([
  ['false', true],
  ['true', false],
])('reports whether the deleted copy can be restored, if permanent: %s', async (isPermanent, isSoft) => {
  await snapshotThenRewrap('one');
  answers.spoil = ({ request, answer, response }) => {
    if (request.method !== 'DELETE') return false;
    response
      .writeHead(answer.statusCode ?? 500, { ...answer.headers, 'x-ms-delete-type-permanent': isPermanent })
      .end();
    return true;
  };

  const { deletions } = await run({}, answers);

  expect(deletions).toEqual([expect.objectContaining({ name: 'one', isSoft })]);
});

it('takes no snapshot if the account keeps versions', async () => {
  await snapshotThenRewrap('one');
  answers.spoil = ({ request, answer, response }) => {
    if (request.method !== 'HEAD' || request.url?.includes('snapshot=') === true) return false;
    const headers = { ...answer.headers, 'x-ms-version-id': '2026-02-01T00:00:00.0000000Z' };
    response.writeHead(answer.statusCode ?? 500, headers).end();
    return true;
  };

  const report = await run({}, answers);

  expect(report.outcomes).toEqual({ deleted: 1, same: 1 });
  expect(await snapshots('one')).toEqual({ old: [], young: [] });
});

describe('a deletion', () => {
  const NAMES = ['five', 'four', 'one', 'six', 'three', 'two'];
  let state: ContainerClient;
  beforeEach(async () => {
    state = BlobServiceClient.fromConnectionString(connectionString()).getContainerClient(uniqueName('state'));
    for (const name of NAMES) await snapshotThenRewrap(name);
  });
  const deletedIn = ({ deletions }: MaintenanceReport) => deletions.map(({ name }) => name).sort();
  const copiesLeft = async () => (await Promise.all(NAMES.map(snapshots))).flatMap((found) => found.old);

  it.each(['lose', 'refuse'] as const)(
    'is counted by the resumed run if its process ends before saving it (%s)',
    async (fate) => {
      const ending = new AbortController();
      proxy.fate = (action, earlier) => {
        if (action !== 'delete' || earlier < 3) return 'pass';
        ending.abort();
        return fate;
      };
      const broken = run({ state, concurrency: 2, abortSignal: ending.signal }, proxy);
      await expect(broken).rejects.toThrow();
      const left = await copiesLeft();
      proxy.clear();

      const report = await run({ state }, proxy);

      expect(left.length).toBeLessThan(NAMES.length - 2);
      expect(deletedIn(report)).toEqual(NAMES);
      expect(report.outcomes).toEqual({ deleted: NAMES.length, same: expect.any(Number) as number });
      expect(report.seen).toBe(NAMES.length + (report.outcomes.same ?? 0));
      expect(await copiesLeft()).toEqual([]);
      expect(isMaintenanceClean(report)).toBe(true);
    },
  );

  it('counts once and is not repeated if its answer is lost', async () => {
    proxy.fate = (action, earlier) => (action === 'delete' && earlier === 0 ? 'lose' : 'pass');

    const report = await run({ state }, proxy);

    expect(deletedIn(report)).toEqual(NAMES);
    expect(report.outcomes).toEqual({ deleted: NAMES.length, same: NAMES.length });
    expect(proxy.actions.filter((action) => action === 'delete')).toHaveLength(NAMES.length);
  });

  it('does not report damage if another program deletes the blob and its snapshots', async () => {
    proxy.fate = (action, earlier) =>
      action === 'delete' && earlier === 0
        ? old.unencryptedClient.getBlobClient('one').delete({ deleteSnapshots: 'include' })
        : 'pass';

    const report = await run({ state, concurrency: 1 }, proxy);

    expect(report.failures).toEqual([]);
    expect(await copiesLeft()).toEqual([]);
  });

  it('is not made if it cannot be recorded', async () => {
    const before = await copiesLeft();
    let isShut = false;
    proxy.fate = (action) => (action === 'write' && isShut ? { status: 403, code: 'AuthorizationFailure' } : 'pass');
    // the claim of the shard is the last write that succeeds
    const onEvent = ({ kind }: MaintenanceEvent) => void (isShut ||= kind === 'shardStarted');

    const running = run({ state: behind(proxy, state, during()).unencryptedClient, onEvent });

    await expect(running).rejects.toMatchObject({ statusCode: 403 });
    expect(await copiesLeft()).toEqual(before);
  });
});
