/** Blobs in a foreign encryption format, which a function of the application reads. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { EncryptedContainerClient } from 'nestjs-azure-encrypted-storage';
import {
  type BlobMaintenanceOptions,
  type ForeignContent,
  type ForeignSource,
  formatMaintenanceReport,
  isMaintenanceClean,
  KeyUnavailableError,
  type MaintenanceReport,
  type MaintenanceTask,
  runMaintenance,
} from 'nestjs-azure-encrypted-storage';
import { behind, containersFor, content } from '../support/blobs.js';
import { docsSample } from '../support/docs-samples.js';
import { after, during } from '../support/maintenance.js';
import { PageProxy } from '../support/page-proxy.js';

const KEY = randomBytes(32);
const FOREIGN: MaintenanceTask = { do: 'reencrypt', when: { foreign: true }, verify: 'seal' };
const carried = {
  blobHTTPHeaders: { blobContentType: 'image/png', blobContentLanguage: 'de', blobCacheControl: 'no-store' },
  tags: { ward: '3' },
};

let archiveFormat: (key: Uint8Array) => ForeignSource;
let leaveArchiveFormat: (archive: EncryptedContainerClient, key: Uint8Array) => Promise<MaintenanceReport>;
let both: EncryptedContainerClient;
let young: EncryptedContainerClient;
let proxy: PageProxy;
beforeAll(async () => {
  ({ archiveFormat, leaveArchiveFormat } = (await docsSample('docs/migrating.md', 'archiveFormat')) as never);
  proxy = await PageProxy.start();
});
afterAll(() => proxy.close());
beforeEach(async () => {
  proxy.clear();
  [both, young] = await containersFor(during(), after());
});

function sealed(plaintext: Buffer): { readonly bytes: Buffer; readonly nonce: string } {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
  const bytes = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { bytes, nonce: nonce.toString('base64') };
}
const raw = (name: string) => both.unencryptedClient.getBlockBlobClient(name);
async function archived(name: string, plaintext: Buffer, metadata: Record<string, string> = {}): Promise<Buffer> {
  const { bytes, nonce } = sealed(plaintext);
  await raw(name).uploadData(bytes, { ...carried, metadata: { ...metadata, archiveNonce: nonce } });
  return bytes;
}
const run = (foreign: ForeignSource, options: object = {}, container = both) =>
  runMaintenance({ name: 'leave', task: FOREIGN, sources: [container.forMaintenance({ foreign })] }, options);
const opened = async (name: string) => young.getBlockBlobClient(name).downloadToBuffer();
const metadataOf = async (name: string) => {
  for await (const { metadata = {} } of young.listBlobsFlat({ includeMetadata: true, prefix: name })) return metadata;
  return {};
};

describe('the format of the documentation', () => {
  it.each([0, 1, 70_000, 4 * 1024 * 1024 + 1])(
    'with %i bytes is replaced by protocol 2.1, keeping all properties except those of the format',
    async (length) => {
      await archived('scan', content(length), { Patient: '17' });
      await raw('scan').setAccessTier('Cool');

      const report = await leaveArchiveFormat(both, KEY);

      expect(report.outcomes).toEqual({ done: 1 });
      expect(isMaintenanceClean(report)).toBe(true);
      expect(report.census.entries).toMatchObject([{ kind: 'sealed', protocol: '2.1', integrity: true, count: 1 }]);
      expect((await opened('scan')).equals(content(length))).toBe(true);
      expect(Object.keys(await metadataOf('scan')).sort()).toEqual(['Patient', 'encryptiondata']);
      const properties = await raw('scan').getProperties();
      expect(properties).toMatchObject({ contentType: 'image/png', contentLanguage: 'de', cacheControl: 'no-store' });
      expect(properties.accessTier).toBe('Cool');
      expect((await raw('scan').getTags()).tags).toEqual({ ward: '3' });
    },
  );

  it('is only read in a dry run, and other content is left', async () => {
    await archived('scan', content(100));
    await raw('clear').uploadData(Buffer.from('in plaintext'));
    await both.getBlockBlobClient('ours').uploadData('ours');
    const before = (await raw('scan').getProperties()).etag;

    const dry = await run(archiveFormat(KEY), { dryRun: true });
    expect(dry.outcomes).toEqual({ done: 1, same: 2 });
    expect(isMaintenanceClean(dry)).toBe(false);
    expect((await raw('scan').getProperties()).etag).toBe(before);
    expect((await run(archiveFormat(KEY))).outcomes).toEqual({ done: 1, same: 2 });

    expect(String(await raw('clear').downloadToBuffer())).toBe('in plaintext');
    expect((await run(archiveFormat(KEY))).outcomes).toEqual({ same: 3 });
  });

  it('is left together with plaintext if the task names both', async () => {
    await archived('scan', content(100));
    await raw('clear').uploadData(Buffer.from('in plaintext'));
    const when = { foreign: true, plaintext: true };
    const sources = [both.forMaintenance({ foreign: archiveFormat(KEY) })];

    const report = await runMaintenance({ name: 'leave', task: { do: 'reencrypt', when }, sources });

    expect(report.outcomes).toEqual({ done: 2 });
    expect(formatMaintenanceReport(report, 'text')).toMatch(
      /re-encryption of plaintext and content in a foreign format/,
    );
    expect((await opened('scan')).equals(content(100))).toBe(true);
    expect(String(await opened('clear'))).toBe('in plaintext');
  });

  it('stays unchanged if a byte is damaged or the key is wrong, without details of the error', async () => {
    const bytes = await archived('scan', content(100));
    const { metadata } = await raw('scan').getProperties();
    bytes[3] = bytes[3]! ^ 1;
    await raw('scan').uploadData(bytes, { metadata: metadata! });

    for (const key of [KEY, randomBytes(32)]) {
      const report = await run(archiveFormat(key));

      expect(report.outcomes).toEqual({ damaged: 1 });
      expect(report.failures).toMatchObject([{ name: 'scan', code: 'FOREIGN_SOURCE_FAILED' }]);
      expect(JSON.stringify(report)).not.toMatch(/authenticate/);
      expect(isMaintenanceClean(report)).toBe(false);
    }
    expect((await raw('scan').downloadToBuffer()).equals(bytes)).toBe(true);
  });
});

describe('a blob that changes while the function reads it', () => {
  it('is read again and keeps the other write', async () => {
    await archived('scan', content(100));
    const format = archiveFormat(KEY);
    let asked = 0;
    const racing: ForeignSource = {
      read: async (blob) => {
        const found = await format.read(blob);
        if (asked++ === 0) await archived('scan', content(200), { later: 'yes' });
        return found;
      },
    };

    expect((await run(racing)).outcomes).toEqual({ done: 1 });
    expect(asked).toBe(2);
    expect((await opened('scan')).equals(content(200))).toBe(true);
    expect(Object.keys(await metadataOf('scan')).sort()).toEqual(['encryptiondata', 'later']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['is read again if it changes before its bytes are read', () => archived('scan', content(200))],
    [
      'is not touched if another program has left the format',
      () => both.getBlockBlobClient('scan').uploadData(content(200)),
    ],
  ])('%s', async (_what, change) => {
    await archived('scan', content(100));
    const format = archiveFormat(KEY);
    let isFirst = true;
    const racing: ForeignSource = {
      read: async (blob) => {
        if (isFirst) await change();
        isFirst = false;
        return format.read(blob);
      },
    };

    const { outcomes } = await run(racing);

    expect((outcomes.done ?? 0) + (outcomes.same ?? 0)).toBe(1);
    expect((await opened('scan')).equals(content(200))).toBe(true);
  });
});

describe('a function', () => {
  const streamed = (change: (content: ForeignContent & { length: number }) => ForeignContent): ForeignSource => ({
    read: async ({ metadata, content: stored, properties }) => {
      const length = (properties.contentLength ?? 0) - 16;
      const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(metadata['archiveNonce']!, 'base64'));
      async function* pieces() {
        let rest = Buffer.alloc(0);
        for await (const piece of await stored()) {
          const all = Buffer.concat([rest, piece as Buffer]);
          yield decipher.update(all.subarray(0, -16));
          rest = all.subarray(-16);
        }
        decipher.setAuthTag(rest);
        yield decipher.final();
      }
      return change({ content: Readable.from(pieces()), length, metadata: {} });
    },
  });

  it.each([100, 9 * 1024 * 1024])('may return a stream of %i bytes', async (length) => {
    await archived('scan', content(length));

    expect((await run(streamed((found) => found))).outcomes).toEqual({ done: 1 });
    expect((await opened('scan')).equals(content(length))).toBe(true);
  });

  it.each([
    [
      'is shorter than announced',
      (found: { length: number }) => ({ ...found, length: found.length + 1 }),
      'refused',
      'SOURCE_LENGTH_MISMATCH',
    ],
    [
      'is longer than announced',
      (found: { length: number }) => ({ ...found, length: found.length - 1 }),
      'refused',
      'SOURCE_LENGTH_MISMATCH',
    ],
  ])('whose stream %s leaves the blob unchanged', async (_what, change, outcome, code) => {
    for (const length of [100, 9 * 1024 * 1024]) {
      const bytes = await archived('scan', content(length));

      const report = await run(streamed(change as never));

      expect(report.failures).toMatchObject([{ outcome, code }]);
      expect((await raw('scan').downloadToBuffer()).equals(bytes)).toBe(true);
    }
  });

  it('whose stream fails at its end with a wrong tag leaves the blob unchanged', async () => {
    const bytes = await archived('scan', content(9 * 1024 * 1024));
    const { metadata } = await raw('scan').getProperties();
    bytes[bytes.length - 1] = bytes.at(-1)! ^ 1;
    await raw('scan').uploadData(bytes, { metadata: metadata! });

    const report = await run(streamed((found) => found));

    expect(report.failures).toMatchObject([{ outcome: 'damaged', code: 'FOREIGN_SOURCE_FAILED' }]);
    expect((await raw('scan').downloadToBuffer()).equals(bytes)).toBe(true);
  });

  it('may leave streams half read, which are destroyed without ending the process', async () => {
    await archived('scan', content(9 * 1024 * 1024));
    const streams: Readable[] = [];
    const careless: ForeignSource = {
      read: async ({ content: stored }) => {
        const stream = await stored();
        await once(stream, 'readable');
        const failing = new Readable({ read() {} });
        failing.destroy(new Error('of nobody'));
        streams.push(stream, failing);
        return { content: failing, length: 5, metadata: {} };
      },
    };

    const report = await run(careless);

    expect(report.failures).toMatchObject([{ outcome: 'damaged', code: 'FOREIGN_SOURCE_FAILED' }]);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('whose pieces are arrays of larger numbers leaves the blob unchanged', async () => {
    const bytes = await archived('scan', content(100));
    const wide = Readable.from([new Uint16Array([300, 301])]);

    const report = await run({ read: () => Promise.resolve({ content: wide, length: 2, metadata: {} }) });
    expect(report.failures).toMatchObject([{ outcome: 'damaged', code: 'FOREIGN_SOURCE_FAILED' }]);
    expect((await raw('scan').downloadToBuffer()).equals(bytes)).toBe(true);
  });

  it('that pipes the stored bytes is called again if it loses the connection', async () => {
    await archived('scan', content(9 * 1024 * 1024));
    let asked = 0;
    const piping: ForeignSource = {
      read: async ({ content: stored, properties, metadata }) => {
        const bytes = await stored();
        if (asked++ === 0) await archived('scan', content(100));
        const other = bytes.pipe(createCipheriv('aes-256-ctr', KEY, Buffer.alloc(16)));
        return { content: other, length: properties.contentLength!, metadata };
      },
    };

    expect((await run(piping)).outcomes).toEqual({ done: 1 });
    expect(asked).toBe(2);
  });

  it('makes the job wait if its own key is unavailable', async () => {
    await archived('scan', content(100));
    const format = archiveFormat(KEY);
    let asked = 0;
    const events: string[] = [];
    const waiting: ForeignSource = {
      read: (blob) => (asked++ === 0 ? Promise.reject(new KeyUnavailableError('archive')) : format.read(blob)),
    };

    const report = await run(waiting, { onEvent: ({ kind }: { kind: string }) => void events.push(kind) });

    expect(report.outcomes).toEqual({ done: 1 });
    expect(events.filter((kind) => kind.startsWith('key'))).toEqual(['keyUnavailable', 'keyAvailable']);
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /"content" must be bytes/],
    ['text', { content: 'text', metadata: {} }, /"content" must be bytes/],
    ['a stream without its length', { content: Readable.from([]), metadata: {} }, /"length" must be/],
    ['no metadata', { content: Buffer.from('x') }, /"metadata" must be/],
    ['metadata of numbers', { content: Buffer.from('x'), metadata: { a: 1 } }, /"metadata" must be/],
    ['a name that no header can have', { content: Buffer.from('x'), metadata: { 'a b': '1' } }, /"metadata" must be/],
    ['a value with a line break', { content: Buffer.from('x'), metadata: { a: '1\n2' } }, /"metadata" must be/],
  ])('that returns %s ends the job before anything is written', async (_what, returned, fault) => {
    const bytes = await archived('scan', content(100));

    const running = run({ read: () => Promise.resolve(returned as null) });

    await expect(running).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(fault) as string,
    });
    expect((await raw('scan').downloadToBuffer()).equals(bytes)).toBe(true);
  });

  it('is required, also in a dry run, so that nothing counts as plaintext', async () => {
    const bytes = await archived('scan', content(100));
    for (const dryRun of [true, false]) {
      const running = runMaintenance({ name: 'leave', task: FOREIGN, sources: [both.forMaintenance()] }, { dryRun });
      await expect(running).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    }
    expect(() => both.forMaintenance({ foreign: {} } as BlobMaintenanceOptions)).toThrow(/"foreign" must be/);
    expect((await raw('scan').downloadToBuffer()).equals(bytes)).toBe(true);
  });
});

describe('a service that fails while the function reads', () => {
  it.each([
    ['the first answer', 0],
    ['an answer in between', 1],
  ])('is asked again after %s, and the blob does not count as damaged', async (_what, at) => {
    await archived('scan', content(100));
    const container = behind(proxy, both, during());
    proxy.fate = (action, earlier) =>
      action === 'read' && earlier === at ? { status: 503, code: 'ServerBusy' } : 'pass';

    const report = await run(archiveFormat(KEY), {}, container);

    expect(report.outcomes).toEqual({ done: 1 });
    expect((await opened('scan')).equals(content(100))).toBe(true);
  });
});
