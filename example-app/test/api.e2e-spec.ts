/** The rest of the HTTP API: patients, referrals, letters, what storage holds of them, problems, and its description. */
import { TableClient } from '@azure/data-tables';
import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
import { json, KEY, type TestClinic, testClinic } from './support/clinic.js';

const PLAINTEXTS = ['Jane Doe', 'influenza', 'murmur'];
let clinic: TestClinic;

beforeAll(async () => {
  clinic = await testClinic();
});
afterAll(() => clinic.close());

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
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

  it('is changed in what is given, keeps the rest, and a birthday is a date or a sealed null', async () => {
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

  it('is listed by the time of admission', async () => {
    const admissions = ['2026-01-31T23:59:59Z', '2026-02-01T01:00:00+01:00', '2026-03-01'];
    for (const [index, admitted] of admissions.entries())
      await clinic.call(
        '/patients',
        json('POST', { ...patient, partitionKey: "o'brien", rowKey: `${index}`, admitted }),
      );

    const listed = await read(`/patients/${encodeURIComponent("o'brien")}?since=2026-02-01T00:00:00Z`);

    expect(listed).toEqual([expect.objectContaining({ rowKey: '1' }), expect.objectContaining({ rowKey: '2' })]);
  });

  it('is listed with the properties that are asked for, and no others', async () => {
    await clinic.call('/patients', json('POST', { ...patient, partitionKey: 'east', rowKey: '1' }));

    expect(await read('/patients/east?fields=name,discretion')).toEqual([
      { rowKey: '1', name: 'Jane Doe', discretion: false },
    ]);
    expect((await clinic.call('/patients/east?fields=name,partition')).status).toBe(400);
  });

  it('is encrypted with a key of the ward, and refused in another ward', async () => {
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

  it('is stored with sealed properties in binary and clear ones as they are', async () => {
    await clinic.call('/patients', json('POST', { ...patient, rowKey: '18' }));
    const row = await read('/storage/patients/north/18');

    expect(row).toMatchObject({ name: { binary: expect.any(String) }, diagnosis: { binary: expect.any(String) } });
    expect(row.discretion).toBe(false);
    expect(row._ClientEncryptionMetadata1).toContain('"Protocol":"1.0"');
    expect(holdsPlaintext(row)).toBe(false);
  });

  it('is not sent again to a client that has it, and not replaced over the change of another', async () => {
    await clinic.call('/patients', json('POST', { ...patient, rowKey: '19' }));
    const etag = (await clinic.call('/patients/north/19')).headers.get('etag') ?? '';
    const replaced = { name: 'J. Roe', diagnosis: 'none' };

    expect((await clinic.call('/patients/north/19', { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await clinic.call('/patients/north/19', json('PUT', replaced, { 'if-match': etag }))).status).toBe(200);
    expect((await clinic.call('/patients/north/19', json('PUT', replaced, { 'if-match': etag }))).status).toBe(412);
  });

  it('is not admitted twice', async () => {
    const twice = json('POST', { ...patient, rowKey: '20' });
    await clinic.call('/patients', twice);
    const answer = await clinic.call('/patients', twice);

    expect([answer.status, (await bodyOf(answer)).code]).toEqual([409, 'EntityAlreadyExists']);
  });

  it.each([
    ['without a name', 'name', { ...patient, name: undefined }],
    ['with a name that is no text', 'name', { ...patient, name: 5 }],
    ['with a number that is a path', 'rowKey', { ...patient, rowKey: 'a/b' }],
    ['with a property that nobody knows', 'shoe', { ...patient, shoe: '38' }],
    ['with an admission that is no date', 'admitted', { ...patient, admitted: 'soon' }],
  ])('%s is refused, and the answer tells why', async (_, property, body) => {
    const answer = await clinic.call('/patients', json('POST', body));

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'BAD_REQUEST',
      errors: expect.arrayContaining([expect.stringContaining(property)]),
    });
  });
});

describe('a referral', () => {
  const referral = { patient: '17', to: 'cardiology', reason: 'murmur' };

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

  it('is a problem that does not tell its text where it is no JSON', async () => {
    const policy = { protocol: '2.0', keyEncryptionKey: KEY, requireEncryption: true } as const;
    const queues = QueueServiceClient.fromConnectionString(clinic.connectionString);
    const queue = new EncryptedQueueService(() => queues, policy).getQueueClient('referrals');
    await queue.sendMessage('murmur of Jane Doe');

    const answer = await clinic.call('/referrals/next', { method: 'POST' });
    const problem = await answer.json();
    await queue.clearMessages();

    expect(problem).toMatchObject({ status: 500, code: 'UNPROCESSABLE_MESSAGE' });
    expect(holdsPlaintext(problem)).toBe(false);
  });

  it('is refused where it says nothing', async () => {
    expect((await clinic.call('/referrals', json('POST', { ...referral, reason: '' }))).status).toBe(400);
    expect((await clinic.call('/referrals', { method: 'POST' })).status).toBe(400);
  });
});

describe('a letter', () => {
  it("is stored in protocol 1.0, its module's own", async () => {
    expect((await clinic.call('/letters/jane', json('PUT', { text: 'Dear Jane Doe' }))).status).toBe(201);

    expect(await read('/letters/jane')).toEqual({ text: 'Dear Jane Doe' });
    const stored = await read('/storage/blobs/letters/jane');
    expect(stored.encryptionData.EncryptionAgent.Protocol).toBe('1.0');
    expect(Buffer.from(stored.bytes, 'hex').includes('Jane')).toBe(false);
  });
});

describe('a changed scan', () => {
  const change = (offset: number): Promise<Response> =>
    clinic.call('/demonstration/scans/changed/flip-byte', json('POST', { offset }));

  it.each([
    ['put whole', 1000, 40],
    ['of several blocks', 9 * 1024 * 1024, 5 * 1024 * 1024],
  ])('that was %s is refused, until the byte is put back', async (_, length, offset) => {
    await clinic.call('/scans/changed', { method: 'PUT', body: Buffer.alloc(length, 7) });
    const range = { headers: { range: `bytes=${offset - 30}-` } };

    expect((await change(offset)).status).toBe(200);
    const refused = await clinic.call('/scans/changed', range);
    expect(refused.status).toBe(500);
    expect(['etag', 'content-range'].map((name) => refused.headers.get(name))).toEqual([null, null]);
    expect(await refused.json()).toMatchObject({ code: 'DECRYPTION_FAILED', status: 500 });

    await change(offset);
    expect((await clinic.call('/scans/changed', range)).status).toBe(206);
  });

  it('ends the connection where the change lies behind what was sent', async () => {
    await clinic.call('/scans/changed', { method: 'PUT', body: Buffer.alloc(24 * 1024 * 1024, 7) });
    await change(20 * 1024 * 1024);

    const answer = await clinic.call('/scans/changed');

    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  it('is not changed where it has no byte', async () => {
    expect((await change(10 ** 9)).status).toBe(400);
  });
});

describe('a changed letter', () => {
  it.each([[0], [20]])('in protocol 1.0 is refused, until byte %d is put back', async (offset) => {
    const flip = () => clinic.call('/demonstration/letters/changed/flip-byte', json('POST', { offset }));
    await clinic.call('/letters/changed', json('PUT', { text: 'Dear Jane, your results are fine.' }));

    expect((await flip()).status).toBe(200);
    expect(await read('/letters/changed')).toMatchObject({ code: 'DECRYPTION_FAILED', status: 500 });

    await flip();
    expect(await read('/letters/changed')).toEqual({ text: 'Dear Jane, your results are fine.' });
  });
});

describe('a changed patient', () => {
  const patient = { partitionKey: 'changed', rowKey: '1', name: 'Jane Doe', diagnosis: 'influenza', discretion: false };
  const demonstration = '/demonstration/patients/changed/1';
  const flip = (property: string) => clinic.call(`${demonstration}/flip-byte`, json('POST', { property }));
  beforeAll(() => clinic.call('/patients', json('POST', patient)));

  it.each(['name', 'diagnosis', 'admitted'])('is refused, until the byte of "%s" is put back', async (property) => {
    expect((await flip(property)).status).toBe(200);
    expect(await read('/patients/changed/1')).toMatchObject({ code: 'DECRYPTION_FAILED', status: 500 });
    expect(await read('/patients/changed')).toEqual([]);
    expect((await clinic.call('/patients/changed/1', json('PATCH', { diagnosis: 'none' }))).status).toBe(500);

    await flip(property);
    expect(await read('/patients/changed/1')).toMatchObject(patient);
  });

  it('is not changed in what the row does not have', async () => {
    expect([(await flip('born')).status, (await flip('discretion')).status]).toEqual([400, 400]);
  });

  it('of an older program is read, and refused where integrity entries are required', async () => {
    expect((await clinic.call(`${demonstration}/required`)).status).toBe(204);
    expect((await clinic.call(`${demonstration}/replace-as-older-program`, { method: 'POST' })).status).toBe(204);

    expect(await read('/patients/changed/1')).toMatchObject(patient);
    expect(await read(`${demonstration}/required`)).toMatchObject({ code: 'INTEGRITY_MISSING' });
    await clinic.call('/patients/changed/1', json('PATCH', { diagnosis: 'none' }));
    expect((await clinic.call(`${demonstration}/required`)).status).toBe(204);
  });
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
      code: 'BlobNotFound',
    });
  });

  it.each([
    ['a route that is not there', '/nowhere', {}, 404],
    ['a body that is no JSON', '/referrals', { ...json('POST', {}), body: '{"reason":"murmur' }, 400],
    ['a body that is too large', '/referrals', json('POST', { reason: 'murmur'.repeat(50_000) }), 413],
    ['a page that is no number', '/scans?limit=many', {}, 400],
    ['a container that is not shown', '/storage/blobs/other/x', {}, 400],
    ['a path that is no URI', '/scans/%E0%A4%A', {}, 400],
  ])('tells of %s without its content', async (_, path, init, status) => {
    const answer = await clinic.call(path, init);
    const text = await answer.text();

    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(holdsPlaintext(text)).toBe(false);
  });
});

describe('the description', () => {
  it('tells every route, with its parameters and problems', async () => {
    const { paths, components } = await read('/docs-json');

    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/scans/{name}', '/patients/{ward}/{number}', '/referrals/next', '/letters/{name}']),
    );
    const download = paths['/scans/{name}'].get;
    expect(Object.keys(download.responses)).toEqual(['200', '206', '304', '404', '412', '416', '500', '503']);
    expect(Object.keys(download.responses['416'].content)).toEqual(['application/problem+json']);
    expect((download.parameters as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['name', 'Range', 'If-Range', 'If-None-Match', 'If-Match']),
    );
    expect(components.schemas.AdmitPatient.required).toEqual(['partitionKey', 'rowKey', 'name', 'diagnosis']);
  });

  it('is a page for people too', async () => {
    const page = await clinic.call('/docs');

    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });
});
