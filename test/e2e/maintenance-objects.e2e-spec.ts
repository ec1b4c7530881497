/** Objects other than ordinary block blobs, and jobs that lose their state: what a job does with each. */
import { jest } from '@jest/globals';
import { BlobClient, BlobServiceClient, BlockBlobClient } from '@azure/storage-blob';
import {
  type BlobMaintenanceOptions,
  EncryptedContainerClient,
  isMaintenanceClean,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { AnswersProxy } from '../support/answers-proxy.js';
import { connectionString, uniqueName } from '../support/azurite.js';
import { behind, containersFor, content } from '../support/blobs.js';
import { likewise, newQueue, plainQueue, visibleTexts } from '../support/consumers.js';
import { after, before, during, OLD } from '../support/maintenance.js';
import { PageProxy } from '../support/page-proxy.js';

const REWRAP: MaintenanceTask = { do: 'rewrap', retire: [OLD] };
const REENCRYPT: MaintenanceTask = { do: 'reencrypt', when: { keyIds: [OLD] } };
const service = BlobServiceClient.fromConnectionString(connectionString());

let old: EncryptedContainerClient;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
beforeEach(async () => {
  [old, both, young] = await containersFor(before('1.0'), during(), after('2.1', { readProtocols: ['1.0', '2.1'] }));
});
afterEach(() => {
  jest.restoreAllMocks();
});

const run = (task: MaintenanceTask, options: BlobMaintenanceOptions = {}, container = both) =>
  runMaintenance({ name: 'leave', task, sources: [container.forMaintenance(options)] });
const raw = (name: string) => old.unencryptedClient.getBlockBlobClient(name);
const through = (proxy: PageProxy | AnswersProxy) => behind(proxy, old, during());

describe('a blob of another type', () => {
  it('with pages is rewrapped, and a re-encryption leaves and reports it', async () => {
    await old.getPageBlobClient('pages').uploadData(content(1024));

    expect(await run(REENCRYPT)).toMatchObject({
      failures: [{ outcome: 'refused', code: 'PageBlobIsNotReencrypted' }],
    });
    expect((await old.getPageBlobClient('pages').downloadToBuffer()).equals(content(1024))).toBe(true);
    const report = await run(REWRAP);

    expect(report.outcomes).toEqual({ done: 1 });
    expect(isMaintenanceClean(report)).toBe(true);
    expect((await young.getPageBlobClient('pages').downloadToBuffer()).equals(content(1024))).toBe(true);
  });

  it('appended to by other SDKs is rewrapped in its type, and re-encrypted as a block blob if allowed', async () => {
    await old.getBlockBlobClient('block').uploadData(content(1024));
    const { metadata = {} } = await raw('block').getProperties();
    const bytes = await raw('block').downloadToBuffer();
    await raw('block').delete();
    const appended = old.unencryptedClient.getAppendBlobClient('log');
    await appended.create({ metadata });
    await appended.appendBlock(bytes, bytes.length);

    expect((await run(REWRAP)).outcomes).toEqual({ done: 1 });
    expect((await appended.getProperties()).blobType).toBe('AppendBlob');
    expect((await young.getBlockBlobClient('log').downloadToBuffer()).equals(content(1024))).toBe(true);

    const again: MaintenanceTask = { do: 'reencrypt', when: { protocols: ['1.0'] } };
    expect((await run(again)).outcomes).toEqual({ refused: 1 });
    expect((await run(again, { toBlock: true })).outcomes).toEqual({ done: 1 });
    expect((await young.getBlockBlobClient('log').downloadToBuffer()).equals(content(1024))).toBe(true);
  });
});

describe('a leased blob', () => {
  it.each([
    ['rewrapped', REWRAP],
    ['encrypted again', REENCRYPT],
  ])('is %s under its lease, and reported without it', async (_what, task) => {
    await old.getBlockBlobClient('leased').uploadData('leased');
    const { leaseId } = await raw('leased').getBlobLeaseClient().acquireLease(-1);

    expect((await run(task)).outcomes).toEqual({ leased: 1 });
    expect((await run(task, { leaseIdOf: () => Promise.resolve(leaseId) })).outcomes).toEqual({ done: 1 });
    expect((await raw('leased').getProperties()).leaseState).toBe('leased');
    expect(String(await young.getBlockBlobClient('leased').downloadToBuffer())).toBe('leased');
  });
});

describe('an archived blob', () => {
  it.each([REWRAP, REENCRYPT])('is counted and reported by $do, which sends no request for it', async (task) => {
    const proxy = await PageProxy.start();
    try {
      await old.getBlockBlobClient('archived').uploadData('archived');
      await raw('archived').setAccessTier('Archive');

      const report = await run(task, {}, through(proxy));

      expect(report.outcomes).toEqual({ archived: 1 });
      expect(report.census.verdict?.mayDestroy).toBe('no');
      expect(new Set(proxy.actions)).toEqual(new Set(['list', 'other']));
    } finally {
      await proxy.close();
    }
  });
});

describe('an immutable blob', () => {
  const [date, until] = ['Fri, 01 Jan 2100 00:00:00 GMT', '2100-01-01T00:00:00.000Z'];
  const policy = { 'x-ms-immutability-policy-until-date': date };
  const over = { 'x-ms-immutability-policy-until-date': 'Wed, 01 Jan 2020 00:00:00 GMT' };
  const hold = { 'x-ms-legal-hold': 'true' };
  const [byPolicy, byHold] = ['BlobImmutableDueToPolicy', 'BlobImmutableDueToLegalHold'];

  /** Rejects each write as the service does, and adds headers to properties, since the emulator has no policies. */
  function refuse(answers: AnswersProxy, code: string, shown: Record<string, string>): void {
    answers.answer = (request, response) => {
      if (request.method !== 'PUT') return false;
      request.resume();
      response.writeHead(409, { 'x-ms-error-code': code }).end();
      return true;
    };
    answers.spoil = ({ request, answer, response }) => {
      if (request.method !== 'HEAD') return false;
      response.writeHead(200, { ...answer.headers, ...shown }).end();
      return true;
    };
  }

  it.each<[string, string, Record<string, string>, { readonly code: string; readonly until?: string }]>([
    ['a policy', byPolicy, policy, { code: 'IMMUTABILITY_POLICY', until }],
    ['a legal hold', byHold, hold, { code: 'LEGAL_HOLD' }],
    ['both', byHold, { ...policy, ...hold }, { code: 'LEGAL_HOLD', until }],
    ['a policy of its container, alongside an expired one', byPolicy, over, { code: byPolicy }],
    ['a legal hold of its container', byHold, {}, { code: byHold }],
  ])('because of %s is reported, with the end if there is one', async (_what, refusal, shown, expected) => {
    const answers = await AnswersProxy.start();
    try {
      for (const task of [REWRAP, REENCRYPT]) {
        await old.getBlockBlobClient('kept').uploadData('kept');
        refuse(answers, refusal, shown);

        const report = await run(task, {}, through(answers));

        expect(report.failures).toEqual([
          { source: `blobs ${old.containerName}`, name: 'kept', outcome: 'immutable', ...expected },
        ]);
        expect(isMaintenanceClean(report)).toBe(false);
        expect(String(await old.getBlockBlobClient('kept').downloadToBuffer())).toBe('kept');
      }
    } finally {
      await answers.close();
    }
  });

  it('is reported with the code of the service if its properties cannot be read', async () => {
    const proxy = await PageProxy.start();
    try {
      await old.getBlockBlobClient('kept').uploadData('kept');
      proxy.fate = (action) => {
        if (action === 'metadata') return { status: 409, code: byPolicy };
        return action === 'look' ? { status: 403, code: 'AuthorizationPermissionMismatch' } : 'pass';
      };

      const report = await run(REWRAP, {}, through(proxy));

      expect(report).toMatchObject({ outcomes: { immutable: 1 }, failures: [{ code: byPolicy }] });
      expect(String(await old.getBlockBlobClient('kept').downloadToBuffer())).toBe('kept');
    } finally {
      await proxy.close();
    }
  });
});

describe('keys and scopes of the service', () => {
  const customerProvidedKey = { encryptionKey: 'a', encryptionKeySha256: 'b' };
  type Options = { readonly customerProvidedKey?: object; readonly encryptionScope?: string } | undefined;
  type Method = (...args: unknown[]) => Promise<object>;

  /** The keys and scopes of requests to blobs. The SDK sends such keys only over HTTPS, and the emulator has none. */
  function recorded(): { readonly name: string; readonly options: Options }[] {
    const requests: { readonly name: string; readonly options: Options }[] = [];
    const record = (prototype: object, name: string, at: number): void => {
      const methods = prototype as Record<string, Method>;
      const original = methods[name] as Method;
      jest.spyOn(methods, name).mockImplementation(async function (this: object, ...args: unknown[]) {
        const options = args[at] as Options;
        requests.push({ name, options });
        args[at] = { ...options, customerProvidedKey: undefined, encryptionScope: undefined };
        const answer = await original.apply(this, args);
        return name === 'getProperties' ? Object.assign(answer, { encryptionScope: 'clinic' }) : answer;
      });
    };
    record(BlobClient.prototype, 'getProperties', 0);
    record(BlobClient.prototype, 'download', 2);
    record(BlobClient.prototype, 'setMetadata', 1);
    record(BlobClient.prototype, 'createSnapshot', 0);
    record(BlockBlobClient.prototype, 'upload', 2);
    record(BlockBlobClient.prototype, 'stageBlock', 3);
    record(BlockBlobClient.prototype, 'commitBlockList', 1);
    return requests;
  }

  it.each<[string, MaintenanceTask, readonly string[], readonly string[]]>([
    ['a rewrap', { ...REWRAP, verify: 'content' }, ['download', 'setMetadata'], ['setMetadata']],
    [
      'a re-encryption',
      { ...REENCRYPT, verify: 'snapshot' },
      ['getProperties', 'download', 'createSnapshot', 'stageBlock', 'commitBlockList'],
      ['createSnapshot', 'stageBlock', 'commitBlockList'],
    ],
  ])('are sent with every request of %s that needs them', async (_what, task, withKey, withScope) => {
    const answers = await AnswersProxy.start();
    try {
      await old.getBlockBlobClient('one').uploadData(content(9 * 1024 * 1024));
      answers.spoil = addScope;
      const requests = recorded();

      const report = await run(task, { customerProvidedKey }, through(answers));

      expect(report.outcomes).toEqual({ done: 1 });
      const named = (names: readonly string[]) => requests.filter(({ name }) => names.includes(name));
      expect(new Set(requests.map(({ name }) => name))).toEqual(new Set(withKey));
      for (const { options } of named(withKey)) expect(options?.customerProvidedKey).toEqual(customerProvidedKey);
      for (const { options } of named(withScope)) expect(options?.encryptionScope).toBe('clinic');
    } finally {
      await answers.close();
    }
  });

  it('are sent with every request of a deletion that reads content or takes a snapshot', async () => {
    await old.getBlockBlobClient('one').uploadData(content(100));
    await raw('one').createSnapshot();
    await both.getBlockBlobClient('one').rewrapKey();
    const requests = recorded();

    const report = await run({ do: 'deleteSuperseded', when: { keyIds: [OLD] } }, { customerProvidedKey });

    expect(report.outcomes).toEqual({ deleted: 1, same: 1 });
    expect(new Set(requests.map(({ name }) => name))).toEqual(new Set(['getProperties', 'download', 'createSnapshot']));
    for (const { options } of requests) expect(options?.customerProvidedKey).toEqual(customerProvidedKey);
    expect(requests.find(({ name }) => name === 'createSnapshot')?.options?.encryptionScope).toBe('clinic');
  });

  /** The emulator does not support scopes. */
  const addScope: AnswersProxy['spoil'] = ({ request, answer, response }) => {
    if (request.url?.includes('comp=list') !== true) return false;
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const scope = '<EncryptionScope>clinic</EncryptionScope></Properties>';
      const body = Buffer.concat(chunks).toString().replaceAll('</Properties>', scope);
      const { 'transfer-encoding': _framing, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
    });
    return true;
  };
});

it('a rewrap keeps the time of creation', async () => {
  await old.getBlockBlobClient('one').uploadData('one');
  const { createdOn } = await raw('one').getProperties();

  await run(REWRAP);

  expect((await raw('one').getProperties()).createdOn).toEqual(createdOn);
});

describe('a job', () => {
  it.each([REWRAP, REENCRYPT])('asks allowKey for every blob in $do, and continues with the others', async (task) => {
    for (const name of ['mine', 'theirs']) await old.getBlockBlobClient(name).uploadData(name);
    const allowKey = (_keyId: string, target: { kind: string; blob?: string }) => target.blob !== 'theirs';
    const container = new EncryptedContainerClient(old.unencryptedClient, during('2.1', { allowKey }));

    const report = await run(task, {}, container);

    expect(report.outcomes).toEqual({ done: 1, refused: 1 });
    expect(report.failures).toMatchObject([{ name: 'theirs', code: 'KEY_NOT_ALLOWED' }]);
    expect(report.census.verdict?.mayDestroy).toBe('no');
    expect(String(await old.getBlockBlobClient('theirs').downloadToBuffer())).toBe('theirs');
  });

  it.each([REWRAP, REENCRYPT])('asks allowKey for poison messages in $do', async (task) => {
    const queue = await newQueue(before('2.0'));
    const poison = plainQueue(`${queue.name}-poison`);
    await queue.sendMessage('a referral');
    const [text = ''] = await visibleTexts(queue.name);
    await poison.sendMessage(text);
    const source = likewise(queue, during('2.0', { allowKey: () => false })).forMaintenance(poison);

    const report = await runMaintenance({ name: 'leave', task, sources: [source] });

    expect(report.failures).toMatchObject([{ outcome: 'refused', code: 'KEY_NOT_ALLOWED' }]);
    expect(await visibleTexts(poison.name)).toEqual([text]);
  });

  it('starts again if its state was deleted, with the same result', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `blob-${at}`);
    for (const name of names) await old.getBlockBlobClient(name).uploadData(name);
    const state = service.getContainerClient(uniqueName('state'));
    const job = { name: 'leave', task: REWRAP, sources: [both.forMaintenance({ pageSize: 3 })] };
    const ending = new AbortController();
    const onEvent = ({ kind }: { kind: string }): void => {
      if (kind === 'shardDone') ending.abort();
    };
    const options = { state, pagesPerShard: 1, concurrency: 1, onEvent, abortSignal: ending.signal };
    await expect(runMaintenance(job, options)).rejects.toMatchObject({ name: 'AbortError' });
    await state.delete();

    const report = await runMaintenance(job, { state });

    expect(report.seen).toBe(12);
    expect(report.outcomes.same).toBeGreaterThan(0);
    expect((report.outcomes.done ?? 0) + (report.outcomes.same ?? 0)).toBe(12);
    expect(isMaintenanceClean(report)).toBe(true);
    for (const name of names) expect(String(await young.getBlockBlobClient(name).downloadToBuffer())).toBe(name);
  });
});
