/** The rest of the HTTP API: patients, referrals, their stored form, problems, and its description. */
import { TableClient } from '@azure/data-tables';
import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
import { form, json, KEY, type TestClinic, testClinic } from './support/clinic.js';

const PLAINTEXTS = ['Jane Doe', 'influenza', 'murmur'];
let clinic: TestClinic;

beforeAll(async () => {
  clinic = await testClinic();
});
afterAll(() => clinic.close());

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows the type it requests
type Json = any;
const bodyOf = (answer: Response): Promise<Json> => answer.json();
const read = async (path: string): Promise<Json> => bodyOf(await clinic.call(path));
const holdsPlaintext = (stored: unknown): boolean =>
  PLAINTEXTS.some((text) =>
    [text, Buffer.from(text).toString('base64').replace(/=+$/, '')].some((form) =>
      JSON.stringify(stored).includes(form),
    ),
  );

describe('a patient', () => {
  const patient = { partitionKey: 'north', rowKey: '17', name: 'Jane Doe', diagnosis: 'influenza', discretion: false };

  it('is admitted, read, replaced and discharged', async () => {
    expect((await clinic.call('/patients', json('POST', patient))).status).toBe(201);
    expect(await read('/patients/north/17')).toMatchObject(patient);
    expect((await clinic.call('/patients/north/17', json('PUT', { name: 'J. Roe', diagnosis: 'none' }))).status).toBe(
      200,
    );
    expect(await read('/patients/north')).toEqual([expect.objectContaining({ name: 'J. Roe', diagnosis: 'none' })]);
    expect((await clinic.call('/patients/north/17', { method: 'DELETE' })).status).toBe(204);
    expect((await clinic.call('/patients/north/17')).status).toBe(404);
  });

  it('can be changed partially, and its birthday is a date or a sealed null', async () => {
    const path = '/patients/north/21';
    const born = '1980-05-06T00:00:00.000Z';
    await clinic.call('/patients', json('POST', { ...patient, rowKey: '21', born, room: '5' }));

    const changed = await clinic.call(path, json('PATCH', { diagnosis: 'none', discretion: true }));
    expect(await bodyOf(changed)).toMatchObject({ name: 'Jane Doe', diagnosis: 'none', born, room: '5' });
    expect((await read(`/storage${path}`)).room).toEqual({ binary: expect.any(String) });

    await clinic.call(path, json('PATCH', { born: null }));
    expect(await read(path)).toMatchObject({ name: 'Jane Doe', born: null });
    expect((await clinic.call(path, json('PATCH', { name: null }))).status).toBe(400);
    expect((await clinic.call('/patients/north/none', json('PATCH', { name: 'x' }))).status).toBe(404);
  });

  it('can be listed by the time of admission', async () => {
    const admissions = ['2026-01-31T23:59:59Z', '2026-02-01T01:00:00+01:00', '2026-03-01'];
    for (const [index, admitted] of admissions.entries())
      await clinic.call(
        '/patients',
        json('POST', { ...patient, partitionKey: "o'brien", rowKey: `${index}`, admitted }),
      );

    const listed = await read(`/patients/${encodeURIComponent("o'brien")}?since=2026-02-01T00:00:00Z`);

    expect(listed).toEqual([expect.objectContaining({ rowKey: '1' }), expect.objectContaining({ rowKey: '2' })]);
  });

  it('is listed with only the requested properties', async () => {
    await clinic.call('/patients', json('POST', { ...patient, partitionKey: 'east', rowKey: '1' }));

    expect(await read('/patients/east?fields=name,discretion')).toEqual([
      { rowKey: '1', name: 'Jane Doe', discretion: false },
    ]);
    expect((await clinic.call('/patients/east?fields=name,partition')).status).toBe(400);
  });

  it('is encrypted with the key of its ward, and rejected in another ward', async () => {
    await clinic.call('/patients', json('POST', { ...patient, partitionKey: 'west', rowKey: '1' }));
    const table = TableClient.fromConnectionString(clinic.connectionString, 'patients', {
      allowInsecureConnection: true,
    });
    const stored = await table.getEntity<{ _ClientEncryptionMetadata1: string }>('west', '1');
    await table.createEntity({ ...stored, partitionKey: 'south', rowKey: '1' });

    expect(JSON.parse(stored._ClientEncryptionMetadata1)).toMatchObject({
      WrappedContentKey: { KeyId: 'clinic:test/west' },
    });
    expect(await read('/patients/west/1')).toMatchObject({ name: 'Jane Doe' });
    expect(await read('/patients/south/1')).toMatchObject({ code: 'KEY_NOT_ALLOWED', status: 500 });
    expect(await read('/patients/south')).toEqual([]);
  });

  it('is stored with binary sealed properties and unchanged clear ones', async () => {
    await clinic.call('/patients', json('POST', { ...patient, rowKey: '18' }));
    const row = await read('/storage/patients/north/18');

    expect(row).toMatchObject({ name: { binary: expect.any(String) }, diagnosis: { binary: expect.any(String) } });
    expect(row.discretion).toBe(false);
    expect(row._ClientEncryptionMetadata1).toContain('"Protocol":"1.0"');
    expect(holdsPlaintext(row)).toBe(false);
  });

  it('is not sent again to a client that has it, and does not replace a concurrent change', async () => {
    await clinic.call('/patients', json('POST', { ...patient, rowKey: '19' }));
    const etag = (await clinic.call('/patients/north/19')).headers.get('etag') ?? '';
    const replaced = { name: 'J. Roe', diagnosis: 'none' };

    // `fetch` would add "no-cache"
    const headers = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
    expect((await clinic.call('/patients/north/19', { headers })).status).toBe(304);
    expect((await clinic.call('/patients/north/19', json('PUT', replaced, { 'if-match': etag }))).status).toBe(200);
    expect((await clinic.call('/patients/north/19', json('PUT', replaced, { 'if-match': etag }))).status).toBe(412);
  });

  it.each(['junk', '"strong"', 'W/"one", W/"other"', ''])('is not changed under the condition %j', async (etag) => {
    const change = { name: 'J. Roe', diagnosis: 'none' };
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const answer = await clinic.call('/patients/north/19', json(method, change, { 'if-match': etag }));
      expect([answer.status, await bodyOf(answer)]).toEqual([400, expect.objectContaining({ code: 'BAD_REQUEST' })]);
    }
  });

  it('is found by social security number in the clinic and by name in a ward, through tags', async () => {
    const found = { ...patient, partitionKey: 'search', rowKey: '1', ssn: '078-05-1120' };
    await clinic.call('/patients', json('POST', found));
    await clinic.call('/patients', json('POST', { ...found, rowKey: '2', name: 'Other', ssn: '219-09-9999' }));
    const search = async (wanted: object): Promise<Json> =>
      bodyOf(await clinic.call('/patients/search', json('POST', wanted)));

    for (const wanted of [{ ssn: '078-05-1120' }, { name: ' jane  DOE', ward: 'search' }]) {
      const { patients, asked } = await search(wanted);
      expect(patients).toEqual([expect.objectContaining(found)]);
      expect(asked).toEqual([expect.stringMatching(/azcse_t_(ssn|name) eq '[\da-f]{6}\.[\da-f]{32}'/)]);
      expect(holdsPlaintext(asked) || JSON.stringify(asked).includes('078')).toBe(false);
    }
    expect(await search({ ssn: '000-00-0000' })).toMatchObject({ patients: [] });
    const both = { ssn: '078-05-1120', name: 'Jane Doe', ward: 'search' };
    const alone = [{}, { ssn: '078051120' }, { name: 'Jane Doe' }, { ward: 'search' }];
    for (const wrong of [...alone, both, { ...both, ssn: null }, { ssn: both.ssn, ward: both.ward }]) {
      expect(await search(wrong)).toMatchObject({ code: 'BAD_REQUEST' });
    }
  });

  it('cannot be admitted twice', async () => {
    const twice = json('POST', { ...patient, rowKey: '20' });
    await clinic.call('/patients', twice);
    const answer = await clinic.call('/patients', twice);

    expect([answer.status, (await bodyOf(answer)).code]).toEqual([409, 'EntityAlreadyExists']);
  });

  it.each([
    ['without a name', 'name', { ...patient, name: undefined }],
    ['with a name that is not text', 'name', { ...patient, name: 5 }],
    ['with a number that is a path', 'rowKey', { ...patient, rowKey: 'a/b' }],
    ['with an unknown property', 'shoe', { ...patient, shoe: '38' }],
    ['with an invalid social security number', 'ssn', { ...patient, ssn: '078' }],
    ['with an admission that is null', 'admitted', { ...patient, admitted: null }],
    ['with an admission too early for the service', 'admitted', { ...patient, admitted: '1600-12-31T23:59:59.999Z' }],
    ['with an admission too late for the service', 'admitted', { ...patient, admitted: '+010000-01-01T00:00:00Z' }],
    ['with an admission that is not a date', 'admitted', { ...patient, admitted: 'soon' }],
  ])('%s is rejected with the reason', async (_, property, body) => {
    const answer = await clinic.call('/patients', json('POST', body));

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'BAD_REQUEST',
      errors: expect.arrayContaining([expect.stringContaining(property)]),
    });
  });
});

/** What the handler has handled, once that includes the message. */
async function handledWith(messageId: string): Promise<Json> {
  const { body } = await clinic.call('/referrals/handler');
  let text = '';
  for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(piece).toString();
    const states = [...text.matchAll(/^data: (.*)$/gm)].map(([, state = '']): Json => JSON.parse(state));
    const found = states.find((state) => (state.handled as Json[]).some((one) => one.messageId === messageId));
    if (found !== undefined) return found.handled;
  }
}

const referral = { patient: '17', to: 'cardiology', reason: 'murmur' };

describe('a referral', () => {
  it('waits sealed in the queue and is received once', async () => {
    const { messageId } = await bodyOf(await clinic.call('/referrals', json('POST', referral)));
    const { 0: stored } = await read('/storage/referrals');

    expect(stored.messageId).toBe(messageId);
    expect(JSON.parse(stored.text).EncryptionData.EncryptionAgent.Protocol).toBe('2.0');
    expect(holdsPlaintext(stored)).toBe(false);

    const received = await clinic.call('/referrals/next', { method: 'POST' });
    expect(await received.json()).toEqual({ messageId, dequeueCount: 1, ...referral });
    expect((await clinic.call('/referrals/next', { method: 'POST' })).status).toBe(204);
    expect(await read('/storage/referrals')).toEqual([]);
  });

  it.each([
    ['not JSON', 'murmur of Jane Doe'],
    ['null', 'null'],
    ['no object', '["murmur"]'],
    ['incomplete', '{"reason":"murmur"}'],
  ])('causes a problem that does not quote its text if it is %s', async (_, text) => {
    const policy = { protocol: '2.0', keyEncryptionKey: KEY, requireEncryption: true } as const;
    const queues = QueueServiceClient.fromConnectionString(clinic.connectionString);
    const queue = new EncryptedQueueService(() => queues, policy).getQueueClient('referrals');
    await queue.sendMessage(text);

    const answer = await clinic.call('/referrals/next', { method: 'POST' });
    const problem = await answer.json();
    await queue.clearMessages();

    expect(problem).toMatchObject({ status: 500, code: 'UNPROCESSABLE_MESSAGE' });
    expect(holdsPlaintext(problem)).toBe(false);
  });

  it('is handled on arrival once the handler is running', async () => {
    const { messageId } = await bodyOf(await clinic.call('/referrals', json('POST', referral)));
    expect(await bodyOf(await clinic.call('/referrals/handler/start', { method: 'POST' }))).toMatchObject({
      isRunning: true,
    });

    expect(await handledWith(messageId)).toEqual([{ messageId, dequeueCount: 1, ...referral }]);
    const stopped = await bodyOf(await clinic.call('/referrals/handler/stop', { method: 'POST' }));
    expect([stopped.isRunning, await read('/storage/referrals')]).toEqual([false, []]);
  });

  it('is rejected if it is empty', async () => {
    expect((await clinic.call('/referrals', json('POST', { ...referral, reason: '' }))).status).toBe(400);
    expect((await clinic.call('/referrals', { method: 'POST' })).status).toBe(400);
  });
});

describe('traces', () => {
  const spansOf = async (name: string): Promise<readonly Json[]> => {
    const traces: Json[] = await read('/traces');
    const { spans = [] } = traces.find((trace) => trace.name === name) ?? {};
    return spans as readonly Json[];
  };
  const named = (spans: readonly Json[], name: string): Json => spans.find((span) => span.name === name);

  it('show the steps of a request and its keys, but no content and no row keys', async () => {
    const patient = { partitionKey: 'traced', rowKey: '4711', name: 'Jane Doe', diagnosis: 'influenza' };
    await clinic.call('/patients', json('POST', patient));
    const spans = await spansOf('PatientsController.admit');

    expect(named(spans, 'EncryptedTableClient.createEntity')).toMatchObject({ depth: 1, isFailed: false });
    expect(named(spans, 'KeyEncryptionKey.wrapKey').attributes).toMatchObject({
      'encryption.key_id': 'clinic:test/traced',
    });
    expect(named(spans, 'Content.seal').attributes).toMatchObject({ 'encryption.protocol': '1.0' });
    expect(JSON.stringify(spans)).not.toMatch(/Jane|influenza|4711|127\.0\.0\.1/);
  });

  it('continue in the handler of a queue', async () => {
    const { messageId } = await bodyOf(await clinic.call('/referrals', json('POST', referral)));
    await clinic.call('/referrals/handler/start', { method: 'POST' });
    await handledWith(messageId);
    // waits for the pending message
    await clinic.call('/referrals/handler/stop', { method: 'POST' });

    expect(named(await spansOf('ReferralsController.send'), 'EncryptedQueueConsumer.handle')).toBeDefined();
  });

  it('show uploads', async () => {
    await clinic.call('/scans', form('traced', 'a scan'));

    expect(named(await spansOf('ScansController.upload'), 'EncryptedBlockBlobClient.uploadStream')).toBeDefined();
  });
});

it('reports that storage and keys are available', async () => {
  expect(await read('/health')).toMatchObject({ status: 'ok', info: { storage: { status: 'up' } } });
});

describe('a problem', () => {
  it('has the media type and the members of problem details', async () => {
    const answer = await clinic.call('/scans/nobody');

    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: expect.any(String),
      instance: expect.stringMatching(/^urn:uuid:[\da-f-]{36}$/),
      code: 'NOT_FOUND',
    });
  });

  it.each([
    ['a missing route', '/nowhere', {}, 404],
    ['a body that is not JSON', '/referrals', { ...json('POST', {}), body: '{"reason":"murmur' }, 400],
    ['a body that is too large', '/referrals', json('POST', { reason: 'murmur'.repeat(50_000) }), 413],
    ['a page size that is not a number', '/scans?limit=many', {}, 400],
    ['a page after no page', '/scans?after=', {}, 400],
    ['a page with an invalid marker', '/scans?after=%00', {}, 400],
    ['a time before the year 0', '/patients/north?since=-000001-01-01T00:00:00Z', {}, 400],
    ['an unknown container', '/storage/blobs/other/x', {}, 400],
    ['a path that is not a URI', '/scans/%E0%A4%A', {}, 400],
  ])('reports %s without its content', async (_, path, init, status) => {
    const answer = await clinic.call(path, init);
    const text = await answer.text();

    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(holdsPlaintext(text)).toBe(false);
  });
});

describe('the description', () => {
  it('describes every route with its parameters and problems', async () => {
    const { paths, components } = await read('/docs-json');

    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/scans/{name}',
        '/patients/{ward}/{number}',
        '/patients/search',
        '/referrals/next',
        '/letters/{name}',
      ]),
    );
    const download = paths['/scans/{name}'].get;
    expect(Object.keys(download.responses)).toEqual(['200', '206', '304', '404', '412', '416', '500', '503']);
    expect(Object.keys(download.responses['416'].content)).toEqual(['application/problem+json']);
    expect((download.parameters as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['name', 'Range', 'If-Range', 'If-None-Match', 'If-Match']),
    );
    expect(components.schemas.Patient.required).toEqual(['partitionKey', 'rowKey', 'name', 'diagnosis']);
    expect(components.schemas.ChangePatient).not.toHaveProperty('required');
  });

  it('is also a page for people', async () => {
    const page = await clinic.call('/docs');

    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });
});
