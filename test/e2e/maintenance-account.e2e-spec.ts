/** Answers that the emulator does not give: forbidden writes, a busy service, old versions, deleted blobs. */
import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import {
  type BlobMaintenanceOptions,
  formatMaintenanceReport,
  isMaintenanceClean,
  type MaintenanceEvent,
  type MaintenanceOptions,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy, withHeader } from '../support/answers-proxy.js';
import { behind, containersFor } from '../support/blobs.js';
import { after, before, during, OLD } from '../support/maintenance.js';
import { PageProxy, type ServiceAnswer } from '../support/page-proxy.js';

const REWRAP: MaintenanceTask = { do: 'rewrap', retire: [OLD] };
const REENCRYPT: MaintenanceTask = { do: 'reencrypt', when: { keyIds: [OLD] } };

let old: EncryptedContainerClient;
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
  [old, young] = await containersFor(before(), after());
  await old.getBlockBlobClient('one').uploadData('one');
});

function run(
  through: Parameters<typeof behind>[0],
  task: MaintenanceTask,
  { blobs, ...options }: MaintenanceOptions & { readonly blobs?: BlobMaintenanceOptions } = {},
) {
  const ours = behind(through, old, during());
  return runMaintenance({ name: 'leave', task, sources: [ours.forMaintenance(blobs)] }, options);
}
const isWrite = (action: string): boolean => action === 'metadata' || action === 'write';
const text = async () => String(await young.getBlockBlobClient('one').downloadToBuffer());

describe('a forbidden write', () => {
  it.each<[ServiceAnswer, object]>([
    [{ status: 409, code: 'BlobImmutableDueToPolicy' }, { immutable: 1 }],
    [{ status: 409, code: 'BlobArchived' }, { archived: 1 }],
    [{ status: 409, code: 'BlobBeingRehydrated' }, { archived: 1 }],
    [{ status: 412, code: 'LeaseIdMissing' }, { leased: 1 }],
    [{ status: 412, code: 'ConditionNotMet' }, { conflict: 1 }],
    [{ status: 409, code: 'BlobUsesCustomerSpecifiedEncryption' }, { refused: 1 }],
    [{ status: 404, code: 'BlobNotFound' }, { gone: 1 }],
  ])('with %j leaves the blob unchanged, and the key is still needed', async (answer, outcomes) => {
    for (const [task, action] of [
      [REWRAP, 'metadata'],
      [REENCRYPT, 'write'],
    ] as const) {
      proxy.clear();
      proxy.fate = (asked) => (asked === action ? answer : 'pass');

      const report = await run(proxy, task);

      expect(report.outcomes).toEqual(outcomes);
      expect(report.census.verdict?.mayDestroy).toBe('no');
      expect(isMaintenanceClean(report)).toBe(false);
      expect(String(await old.getBlockBlobClient('one').downloadToBuffer())).toBe('one');
    }
  });

  it('ends the job if the identity may not write at all', async () => {
    proxy.fate = (action) => (isWrite(action) ? { status: 403, code: 'AuthorizationPermissionMismatch' } : 'pass');

    await expect(run(proxy, REWRAP)).rejects.toMatchObject({ statusCode: 403 });
  });
});

describe('a busy service', () => {
  it.each([
    [503, 'ServerBusy'],
    [500, 'OperationTimedOut'],
    [429, 'TooManyRequests'],
  ])('with %i is asked again, more slowly, without counting failures', async (status, code) => {
    proxy.fate = (action, earlier) =>
      (isWrite(action) || action === 'list') && earlier === 0 ? { status, code } : 'pass';
    const events: MaintenanceEvent[] = [];

    const report = await run(proxy, REWRAP, { onEvent: (event) => void events.push(event) });

    expect(report).toMatchObject({ outcomes: { done: 1 }, failures: [] });
    expect(isMaintenanceClean(report)).toBe(true);
    expect(events.filter(({ kind }) => kind === 'throttled')).toHaveLength(2);
    expect(await text()).toBe('one');
  });

  it('ends the job with its error once the patience has run out', async () => {
    proxy.fate = (action) => (isWrite(action) ? { status: 503, code: 'ServerBusy' } : 'pass');

    await expect(run(proxy, REWRAP, { patience: 0 })).rejects.toMatchObject({ statusCode: 503 });
  });
});

describe('tags set by another writer during re-encryption', () => {
  it('are kept', async () => {
    const tags = { ward: '3', seen: 'yes' };
    proxy.fate = (action, earlier) =>
      action === 'read' && earlier === 0 ? old.unencryptedClient.getBlockBlobClient('one').setTags(tags) : 'pass';

    const report = await run(proxy, REENCRYPT);

    expect(report.outcomes).toEqual({ done: 1 });
    expect((await old.unencryptedClient.getBlockBlobClient('one').getTags()).tags).toEqual(tags);
    expect(await text()).toBe('one');
  });
});

describe('an account that keeps versions and deleted blobs', () => {
  /** Lists each blob once for each of these kinds. */
  function listAs(...kinds: readonly string[]): void {
    answers.spoil = withListing((blob) => kinds.map((kind) => blob.replace('</Name>', `</Name>${kind}`)).join(''));
  }
  const CURRENT = '<VersionId>2026-02-01T00:00:00.0000000Z</VersionId><IsCurrentVersion>true</IsCurrentVersion>';
  const FORMER = '<VersionId>2026-01-01T00:00:00.0000000Z</VersionId>';
  const SNAPSHOT = '<Snapshot>2026-01-01T00:00:00.0000000Z</Snapshot>';
  const DELETED = `<Deleted>true</Deleted>${FORMER}`;
  const counted = async (kinds: readonly string[]) => {
    listAs(...kinds);
    return run(answers, { do: 'census', retire: [OLD] });
  };

  it('causes a warning, and every version, snapshot and deleted blob is counted', async () => {
    const report = await counted([CURRENT, FORMER, SNAPSHOT, DELETED]);

    expect(report.census.entries.map(({ place, count }) => `${count} ${place}`).sort()).toEqual([
      '1 current',
      '1 deleted',
      '1 snapshot',
      '1 version',
    ]);
    expect(report.census.verdict).toMatchObject({ mayDestroy: 'no' });
    expect(formatMaintenanceReport(report, 'text')).toMatch(/^Warnings\n {2}- container .* keeps old versions/m);
  });

  it.each([
    ['a version', [FORMER]],
    ['a snapshot', [SNAPSHOT]],
    ['a deleted blob with an unknown end', [DELETED]],
  ])('still needs the key if only %s uses it', async (_what, kinds) => {
    expect((await counted(kinds)).census.verdict?.mayDestroy).toBe('no');
  });

  it('reports a date if only deleted blobs are left', async () => {
    answers.spoil = withListing((blob) =>
      blob
        .replace('</Name>', `</Name>${DELETED}`)
        .replace('</Properties>', '<RemainingRetentionDays>6</RemainingRetentionDays></Properties>'),
    );

    const { census } = await run(answers, { do: 'census', retire: [OLD] });

    expect(census.verdict?.mayDestroy).toBe('after');
    const days = (Date.parse(census.verdict?.after ?? '') - Date.parse(census.startedAt)) / 86_400_000;
    expect(days).toBeGreaterThanOrEqual(7);
  });

  it('does not try to change versions and deleted blobs', async () => {
    listAs(CURRENT, FORMER, SNAPSHOT, DELETED);
    const wholes = answers.requests;

    const report = await run(answers, { ...REWRAP }, { dryRun: true });

    expect(report.outcomes).toEqual({ done: 1, readOnly: 3 });
    expect(wholes.every(({ method }) => method === 'GET')).toBe(true);
  });
});

describe('a job that would leave old versions', () => {
  const VERSION = '<VersionId>2026-02-01T00:00:00.0000000Z</VersionId><IsCurrentVersion>true</IsCurrentVersion>';
  const keepVersions = (): void => {
    answers.spoil = withListing((blob) => blob.replace('</Name>', `</Name>${VERSION}`));
  };
  const writes = () => answers.requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');

  it.each([REWRAP, REENCRYPT])(
    'does not start $do, warns in a dry run, and starts if versions are accepted',
    async (task) => {
      keepVersions();
      await expect(run(answers, task)).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        faults: [expect.stringMatching(/keeps old versions.*--accept-versions/)],
      });
      const dry = await run(answers, task, { dryRun: true });
      expect(writes()).toEqual([]);
      expect(dry.warnings.join()).toMatch(/keeps old versions.*--accept-versions/);

      const accepted = await run(answers, task, { blobs: { acceptVersions: true } });

      expect(accepted.outcomes).toEqual({ done: 1 });
      expect(accepted.warnings.join()).not.toMatch(/--accept-versions/);
    },
  );

  it.each([REWRAP, REENCRYPT])('ends $do at the first write if only its response shows it', async (task) => {
    for (const name of ['two', 'three']) await old.getBlockBlobClient(name).uploadData(name);
    const addHeader = withHeader('x-ms-version-id', '2026-02-01T00:00:00.0000000Z');
    answers.spoil = (exchange) => exchange.request.method === 'PUT' && addHeader(exchange);

    await expect(run(answers, task, { concurrency: 1 })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });

    expect(writes()).toHaveLength(1);
    answers.clear();
    const { outcomes } = await run(answers, task, { blobs: { acceptVersions: true } });
    expect(outcomes).toEqual({ same: 1, done: 2 });
  });
});

describe('the warning about remaining copies', () => {
  const withSoftDelete = (days: string) =>
    withXml('comp=properties', (body) =>
      body
        .replace(/<DeleteRetentionPolicy>.*?<\/DeleteRetentionPolicy>/s, '')
        .replace(
          '</StorageServiceProperties>',
          `<DeleteRetentionPolicy>${days}</DeleteRetentionPolicy></StorageServiceProperties>`,
        ),
    );

  it.each([
    ['<Enabled>true</Enabled><Days>14</Days>', /soft delete is on, for 14 days/],
    ['<Enabled>false</Enabled>', /^(?!.*soft delete)/],
  ])('precedes the start of the job, with %s', async (policy, sentence) => {
    answers.spoil = withSoftDelete(policy);
    const events: MaintenanceEvent[] = [];

    const report = await run(answers, REENCRYPT, { onEvent: (event) => void events.push(event) });

    expect(report.warnings.join('; ')).toMatch(sentence);
    expect(report.warnings.join('; ')).toMatch(/lifecycle.*BlobCreated/);
    const before = events.slice(
      0,
      events.findIndex(({ kind }) => kind === 'started'),
    );
    expect(before.map((event) => (event.kind === 'warning' ? event.text : ''))).toEqual(report.warnings);
  });

  it('mentions that the identity may not read the setting', async () => {
    answers.spoil = ({ request, response }) => {
      if (request.url?.includes('comp=properties') !== true) return false;
      response.writeHead(403, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' }).end();
      return true;
    };

    const report = await run(answers, REENCRYPT, { dryRun: true });

    expect(report.warnings.join('; ')).toMatch(/cannot read whether soft delete is on/);
  });
});

it('starts if the identity may not read the properties of the container, and warns', async () => {
  answers.spoil = ({ request, response }) => {
    const parameters = new URL(request.url ?? '', 'http://host').searchParams;
    if (parameters.get('restype') !== 'container' || parameters.has('comp')) return false;
    response.writeHead(403, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' }).end();
    return true;
  };

  const report = await run(answers, REWRAP);

  expect(report.outcomes).toEqual({ done: 1 });
  expect(report.warnings.join('; ')).toMatch(/cannot read whether container .* has a legal hold/);
});

describe('append blobs', () => {
  const appended = async (name: string, text: string) => {
    const blob = old.unencryptedClient.getAppendBlobClient(name);
    await blob.create({ metadata: { Patient: '17' }, blobHTTPHeaders: { blobContentType: 'text/csv' } });
    if (text !== '') await blob.appendBlock(text, text.length);
  };
  const PLAINTEXT: MaintenanceTask = { do: 'reencrypt', when: { plaintext: true } };

  it.each(['', 'some lines\n'])('with content %j become block blobs if the job allows it', async (text) => {
    await appended('log', text);

    const left = await run(answers, PLAINTEXT);
    const report = await run(answers, PLAINTEXT, { blobs: { toBlock: true } });

    expect(left).toMatchObject({ outcomes: { refused: 1 }, failures: [{ code: 'AppendBlobIsNotReencrypted' }] });
    expect(report.outcomes).toEqual({ same: 1, done: 1 });
    expect(String(await young.getBlockBlobClient('log').downloadToBuffer())).toBe(text);
    const properties = await young.getBlockBlobClient('log').getProperties();
    expect(properties).toMatchObject({ blobType: 'BlockBlob', contentType: 'text/csv', metadata: { patient: '17' } });
  });

  it('keep concurrently appended content', async () => {
    await appended('log', 'some lines\n');
    proxy.fate = (action, earlier) =>
      action === 'write' && earlier === 0
        ? old.unencryptedClient.getAppendBlobClient('log').appendBlock('more\n', 5)
        : 'pass';

    const report = await run(proxy, PLAINTEXT, { blobs: { toBlock: true } });

    expect(report.outcomes).toEqual({ same: 1, done: 1 });
    expect(String(await young.getBlockBlobClient('log').downloadToBuffer())).toBe('some lines\nmore\n');
  });

  it('stay unchanged if the service rejects another type', async () => {
    await appended('log', 'some lines\n');
    proxy.fate = (action) => (action === 'write' ? { status: 409, code: 'InvalidBlobType' } : 'pass');

    const report = await run(proxy, PLAINTEXT, { blobs: { toBlock: true } });

    expect(report).toMatchObject({ outcomes: { refused: 1 }, failures: [{ code: 'InvalidBlobType' }] });
    expect(String(await old.unencryptedClient.getAppendBlobClient('log').downloadToBuffer())).toBe('some lines\n');
  });
});

/** Replaces each blob in a listing. */
const withListing = (change: (blob: string) => string): AnswersProxy['spoil'] =>
  withXml('comp=list', (body) =>
    body.replace(/<Blob>.*?<\/Blob>/gs, (blob) => change(blob.replace(/<Deleted>.*?<\/Deleted>/, ''))),
  );

/** Changes the XML of the answers to some requests. */
function withXml(parameter: string, change: (body: string) => string): AnswersProxy['spoil'] {
  return ({ request, answer, response }) => {
    if (request.url?.includes(parameter) !== true) return false;
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = change(Buffer.concat(chunks).toString());
      const { 'transfer-encoding': _framing, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    });
    return true;
  };
}
