/** Scans over HTTP: what is uploaded comes back, whole and by range, and conditions hold. */
import { BlobServiceClient } from '@azure/storage-blob';
import { EncryptedBlobService } from 'nestjs-azure-encrypted-storage';
import { bytesOf, KEY, scanOf, type TestClinic, testClinic } from './support/clinic.js';

const REGION = 4 * 1024 * 1024;
const LIMIT = 12 * 1024 * 1024;
let clinic: TestClinic;

beforeAll(async () => {
  clinic = await testClinic({ scanLimitBytes: LIMIT });
});
afterAll(() => clinic.close());

const put = (name: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<Response> =>
  clinic.call(`/scans/${name}`, { method: 'PUT', body, headers });
const get = (name: string, headers: Record<string, string> = {}): Promise<Response> =>
  clinic.call(`/scans/${name}`, { headers });

describe('a scan', () => {
  const content = scanOf(2 * REGION + 7);
  let etag = '';

  beforeAll(async () => {
    etag = (await put('large', content, { 'content-type': 'image/png' })).headers.get('etag') ?? '';
  });

  it('comes back as it was sent, with its type, length and tag', async () => {
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
  ])('is read by range %s', async (range, from, to) => {
    const answer = await get('large', { range });

    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/${content.length}`);
    expect(answer.headers.get('content-length')).toBe(String(to - from));
    expect((await bytesOf(answer)).equals(content.subarray(from, to))).toBe(true);
  });

  it('answers a range behind its end with its length', async () => {
    const answer = await get('large', { range: `bytes=${content.length}-` });

    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe(`bytes */${content.length}`);
    expect(await answer.json()).toMatchObject({ status: 416, code: 'RANGE_NOT_SATISFIABLE' });
  });

  it('answers several ranges whole', async () => {
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

  it('is sent by range only to a client that has the rest of the same scan', async () => {
    const same = await get('large', { range: 'bytes=0-9', 'if-range': etag });
    const other = await get('large', { range: 'bytes=0-9', 'if-range': '"other"' });

    expect([same.status, (await bytesOf(same)).length]).toEqual([206, 10]);
    expect([other.status, (await bytesOf(other)).length]).toEqual([200, content.length]);
  });

  it('is not read in place of another', async () => {
    const answer = await get('large', { 'if-match': '"other"' });

    expect(answer.status).toBe(412);
    expect(await answer.json()).toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('tells what it is without its content, of which HEAD knows no ranges', async () => {
    const answer = await clinic.call('/scans/large', { method: 'HEAD', headers: { range: 'bytes=0-9' } });

    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(content.length)]);
  });

  it('costs the regions that a range touches, no more', async () => {
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

  it('is not run as a page, whatever type it was given', async () => {
    await put('page', '<script>alert(1)</script>', { 'content-type': 'text/html' });
    const answer = await get('page');

    expect(answer.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([['application/json'], ['application/x-www-form-urlencoded'], ['text/plain']])(
    'of type %s is taken byte for byte',
    async (type) => {
      await put('typed', '{ "not":  "parsed" }', { 'content-type': type });

      expect(await (await get('typed')).text()).toBe('{ "not":  "parsed" }');
    },
  );

  it('may be empty', async () => {
    await put('empty', '');
    const answer = await get('empty');

    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '0', '']);
    expect((await get('empty', { range: 'bytes=0-' })).status).toBe(416);
  });

  it('of another program in protocol 1.0 is answered whole', async () => {
    const service = BlobServiceClient.fromConnectionString(clinic.connectionString);
    // other programs write no integrity entries, which would say how long the content is
    const policy = { protocol: '1.0', keyEncryptionKey: KEY, requireEncryption: true, integrity: 'off' } as const;
    const older = new EncryptedBlobService(() => service, policy).getContainerClient('scans');
    await older.getBlockBlobClient('older').uploadData(Buffer.from('thirteen byte'));

    const answer = await get('older', { range: 'bytes=0-1' });

    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '13']);
    expect(await answer.text()).toBe('thirteen byte');
  });
});

describe('an upload', () => {
  it('replaces only the scan that it names', async () => {
    const first = (await put('guarded', 'one')).headers.get('etag') ?? '';
    await put('guarded', 'two');

    const late = await put('guarded', 'three', { 'if-match': first });

    expect(late.status).toBe(412);
    expect(await (await get('guarded')).text()).toBe('two');
  });

  it('may ask to be the first', async () => {
    expect((await put('first', 'one', { 'if-none-match': '*' })).status).toBe(201);
    expect((await put('first', 'two', { 'if-none-match': '*' })).status).toBe(412);
    expect(await (await get('first')).text()).toBe('one');
  });

  it.each([
    ['announces', (body: Buffer) => body],
    ['does not announce', (body: Buffer) => new Blob([body]).stream()],
  ])('over the limit that %s its length is refused and changes nothing', async (_, bodyOf) => {
    await put('limited', 'before');

    const init = { method: 'PUT', body: bodyOf(Buffer.alloc(LIMIT + 1)), duplex: 'half' } as RequestInit;
    const answer = await clinic.call('/scans/limited', init);

    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(await (await get('limited')).text()).toBe('before');
  });

  it.each([['..%2Fletters'], ['a%5Cb'], ['a%00b'], ['dot.'], ['a'.repeat(201)]])(
    'under the name %s is refused',
    async (name) => {
      expect((await put(name, 'x')).status).toBe(400);
    },
  );
});

describe('a removal', () => {
  it('hangs on its condition', async () => {
    const etag = (await put('removed', 'x')).headers.get('etag') ?? '';

    const refused = await clinic.call('/scans/removed', { method: 'DELETE', headers: { 'if-match': '"other"' } });
    const removed = await clinic.call('/scans/removed', { method: 'DELETE', headers: { 'if-match': etag } });

    expect([refused.status, removed.status, (await get('removed')).status]).toEqual([412, 204, 404]);
  });
});
