/**
 * Scans and letters over HTTP: reads return uploads, completely and by range, conditions apply, and changes in storage
 * are detected.
 */
import { BlobServiceClient } from '@azure/storage-blob';
import { EncryptedBlobService } from 'nestjs-azure-encrypted-storage';
import { bytesOf, form, json, KEY, scanOf, type TestClinic, testClinic } from './support/clinic.js';

const REGION = 4 * 1024 * 1024;
let clinic: TestClinic;

beforeAll(async () => {
  clinic = await testClinic();
});
afterAll(() => clinic.close());

const put = (name: string, content: Buffer | string, type?: string): Promise<Response> =>
  clinic.call('/scans', form(name, content, type));
const get = (name: string, headers: Record<string, string> = {}): Promise<Response> =>
  clinic.call(`/scans/${name}`, { headers });

const read = async (path: string): Promise<unknown> => (await clinic.call(path)).json();

describe('a scan', () => {
  const content = scanOf(2 * REGION + 7);
  let etag = '';

  beforeAll(async () => {
    etag = (await put('large', content, 'image/png')).headers.get('etag') ?? '';
  });

  it('is returned as sent, with its type, length and tag', async () => {
    const answer = await get('large');

    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(content.length),
      'accept-ranges': 'bytes',
      etag,
    });
    expect((await bytesOf(answer)).equals(content)).toBe(true);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    [`bytes=${REGION - 1}-${REGION}`, REGION - 1, REGION + 1],
    [`bytes=${content.length - 1}-`, content.length - 1, content.length],
    ['bytes=-5', content.length - 5, content.length],
    [`bytes=${REGION + 3}-${content.length * 2}`, REGION + 3, content.length],
  ])('can be read by range %s', async (range, from, to) => {
    const answer = await get('large', { range });

    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${content.length}`);
    expect(answer.headers.get('content-length')).toBe(String(to - from));
    expect((await bytesOf(answer)).equals(content.subarray(from, to))).toBe(true);
  });

  it('answers a range after its end with its length', async () => {
    const answer = await get('large', { range: `bytes=${content.length}-` });

    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe(`bytes */${content.length}`);
    expect(await answer.json()).toMatchObject({ status: 416, code: 'RANGE_NOT_SATISFIABLE' });
  });

  it('answers several ranges with the complete content', async () => {
    const answer = await get('large', { range: 'bytes=0-1,5-6' });

    expect(answer.status).toBe(200);
    expect(await bytesOf(answer)).toHaveLength(content.length);
  });

  it('is not sent again to a client that has it', async () => {
    const answer = await get('large', { 'if-none-match': etag });

    expect(answer.status).toBe(304);
    expect(answer.headers.get('etag')).toBe(etag);
    expect(await answer.text()).toBe('');
  });

  it('is sent by range only if the client has the rest of the same scan', async () => {
    const same = await get('large', { range: 'bytes=0-9', 'if-range': etag });
    const other = await get('large', { range: 'bytes=0-9', 'if-range': '"other"' });

    expect([same.status, (await bytesOf(same)).length]).toEqual([206, 10]);
    expect([other.status, (await bytesOf(other)).length]).toEqual([200, content.length]);
  });

  it('is not returned instead of another version', async () => {
    const answer = await get('large', { 'if-match': '"other"' });

    expect(answer.status).toBe(412);
    expect(await answer.json()).toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('is described by HEAD, which ignores ranges', async () => {
    const answer = await clinic.call('/scans/large', { method: 'HEAD', headers: { range: 'bytes=0-9' } });

    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(content.length)]);
  });

  it('is fetched only in the regions that a range touches', async () => {
    await bytesOf(await get('large', { range: `bytes=${REGION + 10}-${REGION + 19}` }));

    const reads = (await (await clinic.call('/demonstration/reads')).json()) as { fetched: object[] }[];
    const sealed = REGION + 28;

    expect(reads.at(-1)?.fetched).toEqual([
      { contentRange: `bytes ${sealed}-${2 * sealed - 1}/${content.length + 3 * 28}`, bytes: sealed },
    ]);
  });

  it('is listed page by page', async () => {
    await put('listed', 'x');
    const names: string[] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ limit: '1', ...(after === undefined ? {} : { after }) });
      const page = (await (await clinic.call(`/scans?${query.toString()}`)).json()) as {
        scans: { name: string }[];
        next?: string;
      };
      names.push(...page.scans.map(({ name }) => name));
      after = page.next;
    } while (after !== undefined);

    expect(names).toEqual(expect.arrayContaining(['large', 'listed']));
  });

  it('is not run as a page, whatever its type', async () => {
    await put('page', '<script>alert(1)</script>', 'text/html');
    const answer = await get('page');

    expect(answer.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('may be empty', async () => {
    await put('empty', '');
    const answer = await get('empty');

    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '0', '']);
    expect((await get('empty', { range: 'bytes=0-' })).status).toBe(416);
  });

  it('of another program in protocol 1.0 can be read, completely and by range', async () => {
    const service = BlobServiceClient.fromConnectionString(clinic.connectionString);
    // other programs write no integrity entries, which would state the content length
    const policy = { protocol: '1.0', keyEncryptionKey: KEY, requireEncryption: true, integrity: 'off' } as const;
    const older = new EncryptedBlobService(() => service, policy).getContainerClient('scans');
    await older.getBlockBlobClient('older').uploadData(Buffer.from('thirteen byte'));

    expect(await (await get('older')).text()).toBe('thirteen byte');
    const answer = await get('older', { range: 'bytes=0-1' });
    expect([answer.status, answer.headers.get('content-range')]).toEqual([206, 'bytes 0-1/13']);
    expect(await answer.text()).toBe('th');
  });
});

describe('an upload', () => {
  it('keeps the name of its file, and returns its location', async () => {
    const name = 'R\u00f6ntgen 100% (knie) #2.txt';
    const answer = await put(name, 'a knee', 'text/plain');

    expect([answer.status, answer.headers.get('location')]).toEqual([201, `/scans/${encodeURIComponent(name)}`]);
    expect(await answer.json()).toMatchObject({ name, size: 6, etag: answer.headers.get('etag') });
    expect(await (await get(encodeURIComponent(name))).text()).toBe('a knee');
  });

  it.each([
    ['in UTF-8', 'filename="żó 1.txt"', 'żó 1.txt'],
    ['in the extended form', "filename*=UTF-8''%C5%BC%C3%B3%202.txt", 'żó 2.txt'],
    ['in the extended form, within Latin-1', "filename*=UTF-8''%C3%B3%203.txt", 'ó 3.txt'],
  ])('keeps a file name that is sent %s', async (_, fileName, name) => {
    const head = `--b\r\nContent-Disposition: form-data; name="scan"; ${fileName}\r\n\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const answer = await clinic.call('/scans', { method: 'POST', headers, body: `${head}a knee\r\n--b--\r\n` });

    expect([answer.status, await answer.json()]).toEqual([201, expect.objectContaining({ name })]);
  });

  it('does not replace a scan', async () => {
    await put('first', 'one');
    const answer = await put('first', 'two');

    expect([answer.status, await answer.json()]).toEqual([409, expect.objectContaining({ code: 'CONFLICT' })]);
    expect(await (await get('first')).text()).toBe('one');
  });

  it.each([['dot.'], ['a'.repeat(201)], ['no XML\uffff']])('under the name %j is rejected', async (name) => {
    const answer = await put(name, 'x');

    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ errors: [expect.stringContaining('name must have 1 to 200 characters')] }),
    ]);
  });

  it('without a file is rejected', async () => {
    expect((await clinic.call('/scans', { method: 'POST', body: new FormData() })).status).toBe(400);
    expect((await clinic.call('/scans', { method: 'POST' })).status).toBe(400);
  });
});

it('can be removed', async () => {
  await put('removed', 'x');

  const removed = await clinic.call('/scans/removed', { method: 'DELETE' });

  expect([removed.status, (await get('removed')).status]).toEqual([204, 404]);
});

it('a letter is stored in protocol 1.0, as configured for its module', async () => {
  expect((await clinic.call('/letters/jane', json('PUT', { text: 'Dear Jane Doe' }))).status).toBe(201);

  expect(await read('/letters/jane')).toEqual({ text: 'Dear Jane Doe' });
  const stored = (await read('/storage/blobs/letters/jane')) as { readonly bytes: string };
  expect(stored).toMatchObject({ encryptionData: { EncryptionAgent: { Protocol: '1.0' } } });
  expect(Buffer.from(stored.bytes, 'hex').includes('Jane')).toBe(false);
});

describe('a changed scan', () => {
  const upload = async (length: number): Promise<void> => {
    await clinic.call('/scans/changed', { method: 'DELETE' });
    expect((await clinic.call('/scans', form('changed', Buffer.alloc(length, 7)))).status).toBe(201);
  };
  const change = (offset: number): Promise<Response> =>
    clinic.call('/demonstration/scans/changed/flip-byte', json('POST', { offset }));

  it.each([
    ['put whole', 1000, 40],
    ['of several blocks', 9 * 1024 * 1024, 5 * 1024 * 1024],
  ])('%s is rejected until the byte is restored', async (_, length, offset) => {
    await upload(length);
    const range = { headers: { range: `bytes=${offset - 30}-` } };

    expect((await change(offset)).status).toBe(200);
    const refused = await clinic.call('/scans/changed', range);
    expect(refused.status).toBe(500);
    expect(['etag', 'content-range'].map((name) => refused.headers.get(name))).toEqual([null, null]);
    expect(await refused.json()).toMatchObject({ code: 'DECRYPTION_FAILED', status: 500 });

    await change(offset);
    expect((await clinic.call('/scans/changed', range)).status).toBe(206);
  });

  it('ends the connection if the change comes after what was sent', async () => {
    await upload(24 * 1024 * 1024);
    await change(20 * 1024 * 1024);

    const answer = await clinic.call('/scans/changed');

    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  it('cannot be changed beyond its end', async () => {
    expect((await change(10 ** 9)).status).toBe(400);
  });
});

describe('a changed letter', () => {
  it.each([[0], [20]])('in protocol 1.0 is rejected until byte %d is restored', async (offset) => {
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

  it.each(['name', 'diagnosis', 'admitted'])('is rejected until the byte of "%s" is restored', async (property) => {
    expect((await flip(property)).status).toBe(200);
    expect(await read('/patients/changed/1')).toMatchObject({ code: 'DECRYPTION_FAILED', status: 500 });
    expect(await read('/patients/changed')).toEqual([]);
    expect((await clinic.call('/patients/changed/1', json('PATCH', { diagnosis: 'none' }))).status).toBe(500);

    await flip(property);
    expect(await read('/patients/changed/1')).toMatchObject(patient);
  });

  it('cannot be changed in a property that the row does not have', async () => {
    expect([(await flip('born')).status, (await flip('discretion')).status]).toEqual([400, 400]);
  });

  it('of an older program is read, and rejected if integrity entries are required', async () => {
    expect((await clinic.call(`${demonstration}/required`)).status).toBe(204);
    expect((await clinic.call(`${demonstration}/replace-as-older-program`, { method: 'POST' })).status).toBe(204);

    expect(await read('/patients/changed/1')).toMatchObject(patient);
    expect(await read(`${demonstration}/required`)).toMatchObject({ code: 'INTEGRITY_MISSING' });
    await clinic.call('/patients/changed/1', json('PATCH', { diagnosis: 'none' }));
    expect((await clinic.call(`${demonstration}/required`)).status).toBe(204);
  });
});
