import { jest } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AesKeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import { bytesFrom, containersFor, content, policyOf, testKey } from '../support/blobs.js';

const REGION = 4 * 1024 * 1024;
const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

describe('page blobs', () => {
  it.each([0, 512, 4 * 1024 * 1024 + 512])('of %d bytes keep their length and can be read by range', async (size) => {
    const [container] = await containersFor(policyOf('1.0'));
    const blob = container.getPageBlobClient('pages');
    const plaintext = content(size);

    await blob.uploadData(plaintext);

    const stored = await blob.unencryptedClient.getProperties();
    expect(stored.contentLength).toBe(size);
    expect((await blob.getProperties()).plaintextContentLength).toBe(size);
    expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
    expect((await blob.downloadToBuffer(17, 100)).equals(plaintext.subarray(17, 117))).toBe(true);
  });

  it('are rejected in 2.x before any request, and for partial pages', async () => {
    const [two, one] = await containersFor(policyOf('2.0'), policyOf('1.0'));

    await expect(two.getPageBlobClient('p').uploadData(Buffer.alloc(512))).rejects.toThrow(/in protocol "1.0" only/);
    await expect(one.getPageBlobClient('p').uploadData(Buffer.alloc(511))).rejects.toEqual(code('INVALID_OPTIONS'));

    expect(await one.getPageBlobClient('p').exists()).toBe(false);
  });

  it('are restored when a new upload fails half-way, or removed if they are new', async () => {
    const [container] = await containersFor(policyOf('1.0'));
    const old = container.getPageBlobClient('old');
    const fresh = container.getPageBlobClient('fresh');
    const before = content(1024);
    await old.uploadData(before);

    for (const blob of [old, fresh]) {
      await expect(blob.uploadStream(Readable.from([Buffer.alloc(600)]), 1024)).rejects.toEqual(
        code('SOURCE_LENGTH_MISMATCH'),
      );
    }

    expect((await old.downloadToBuffer()).equals(before)).toBe(true);
    expect(await fresh.exists()).toBe(false);
  });
});

describe('transfers that cannot begin', () => {
  it.each([{ concurrency: 0 }, { concurrency: NaN }, { blockSize: 0 }, { blockSize: -1 }, { blockSize: NaN }])(
    'are rejected with %j, and never look like empty content',
    async (shape) => {
      const [container] = await containersFor(policyOf('1.0'));
      const blob = container.getBlockBlobClient('shape');
      await blob.uploadData(content(100));

      await expect(blob.downloadToBuffer(0, undefined, shape)).rejects.toEqual(code('INVALID_OPTIONS'));
      await expect(blob.uploadData(content(100), shape)).rejects.toEqual(code('INVALID_OPTIONS'));
    },
  );

  it('are rejected for pages too', async () => {
    const [container] = await containersFor(policyOf('1.0'));
    const pages = container.getPageBlobClient('shape');

    await expect(pages.uploadData(Buffer.alloc(512), { concurrency: 0 })).rejects.toEqual(code('INVALID_OPTIONS'));

    expect(await pages.exists()).toBe(false);
  });
});

describe('a module that requires encryption', () => {
  it('rejects plaintext, and one that does not passes it through, complete or by range', async () => {
    const [strict, lenient] = await containersFor(policyOf('2.0'), policyOf('2.0', { requireEncryption: false }));
    const plaintext = content(5000);
    await strict.getBlockBlobClient('plain').unencryptedClient.uploadData(plaintext);

    await expect(strict.getBlockBlobClient('plain').download()).rejects.toEqual(code('PLAINTEXT_NOT_ALLOWED'));
    await expect(strict.getBlockBlobClient('plain').downloadToBuffer()).rejects.toEqual(code('PLAINTEXT_NOT_ALLOWED'));
    const blob = lenient.getBlockBlobClient('plain');
    expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
    expect((await blob.downloadToBuffer(4990, 100)).equals(plaintext.subarray(4990))).toBe(true);
    expect((await bytesFrom((await blob.download(1, 3)).readableStreamBody)).equals(plaintext.subarray(1, 4))).toBe(
      true,
    );
  });

  it.each(['{}', 'null', '{"EncryptionAgent":{}}'])(
    'or not, never treats damaged encryption data %j as missing',
    async (text) => {
      const policies = [policyOf('2.0'), policyOf('2.0', { requireEncryption: false })];
      for (const container of await containersFor(...policies)) {
        const blob = container.getBlockBlobClient('damaged');
        await blob.unencryptedClient.uploadData(Buffer.alloc(100), { metadata: { encryptiondata: text } });

        await expect(blob.downloadToBuffer()).rejects.toEqual(code('INVALID_ENCRYPTION_METADATA'));
      }
    },
  );
});

describe('reading', () => {
  it('accepts the versions of its own family, and 1.0 if the policy names it', async () => {
    const [asOne, asTwo] = await containersFor(policyOf('1.0'), policyOf('2.0'));
    await asOne.getBlockBlobClient('legacy').uploadData(content(100));
    await asTwo.getBlockBlobClient('current').uploadData(content(100));

    await expect(asTwo.getBlockBlobClient('legacy').downloadToBuffer()).rejects.toMatchObject({
      code: 'PROTOCOL_NOT_ALLOWED',
      protocol: '1.0',
    });
    expect((await asOne.getBlockBlobClient('current').downloadToBuffer()).equals(content(100))).toBe(true);
  });

  it('accepts every version that the policy names, whichever it writes', async () => {
    const readProtocols = ['1.0', '2.0', '2.1'] as const;
    const containers = await containersFor(
      policyOf('1.0'),
      policyOf('2.0', { readProtocols }),
      policyOf('2.1', { readProtocols, regionLength: 50 }),
    );
    const plaintext = content(1000);
    for (const [writer, container] of containers.entries()) {
      await container.getBlockBlobClient(`by-${writer}`).uploadData(plaintext);
    }

    for (const container of containers) {
      for (const writer of containers.keys()) {
        const blob = container.getBlockBlobClient(`by-${writer}`);
        expect((await blob.downloadToBuffer()).equals(plaintext)).toBe(true);
        expect((await blob.downloadToBuffer(333, 333)).equals(plaintext.subarray(333, 666))).toBe(true);
      }
    }
  });

  it('fetches just the regions a range needs, in one request', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('one-request');
    await blob.uploadData(content(3 * REGION));
    const requests: ClientRequest[] = [];
    const record = (message: unknown): void => {
      const { request } = message as { request: ClientRequest };
      if (request.path.endsWith('/one-request')) requests.push(request);
    };

    subscribe('http.client.request.start', record);
    const answer = await blob.download(REGION + 5, 10);
    await bytesFrom(answer.readableStreamBody);
    unsubscribe('http.client.request.start', record);

    expect(requests.map(({ method }) => method)).toEqual(['GET']);
    expect(requests[0]!.getHeader('x-ms-range')).toBe(`bytes=${REGION + 28}-${2 * (REGION + 28) - 1}`);
  });

  it.each([
    ['all of it', 1024, 0, 1024],
    ['all of it, with padding inside the last block', 1000, 0, 1000],
    ['more than there is', 1024, 0, 5000],
    ['its start', 5000, 0, 1024],
    ['its middle', 5000, 1024, 1024],
    ['its end', 5120, 4096, 1024],
    ['its last byte', 5120, 5119, 1],
  ])('of 1.0 fetches %s in one request, with integrity entries and without', async (_what, size, offset, count) => {
    const containers = await containersFor(policyOf('1.0'), policyOf('1.0', { integrity: 'off' }));
    const expected = content(size).subarray(offset, offset + count);
    for (const container of containers) {
      const blob = container.getBlockBlobClient('of-1.0');
      await blob.uploadData(content(size));
      const requests: ClientRequest[] = [];
      const record = (message: unknown): void => {
        const { request } = message as { request: ClientRequest };
        if (request.path.endsWith('/of-1.0')) requests.push(request);
      };

      subscribe('http.client.request.start', record);
      const buffer = await blob.downloadToBuffer(offset, count);
      unsubscribe('http.client.request.start', record);
      const { readableStreamBody } = await blob.download(offset, count);

      expect(buffer.equals(expected)).toBe(true);
      expect((await bytesFrom(readableStreamBody)).equals(expected)).toBe(true);
      expect(requests.map(({ method }) => method)).toEqual(['GET']);
    }
  });

  it('fails when the blob is replaced between two of its requests', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('moving');
    await blob.uploadData(content(5 * REGION));
    let replaced: Promise<unknown> | undefined;

    const reading = blob.downloadToBuffer(0, undefined, {
      concurrency: 1,
      onProgress: () => {
        replaced ??= blob.unencryptedClient.upload('x', 1);
      },
    });

    await expect(reading).rejects.toMatchObject({ statusCode: 412 });
    await replaced;
  });

  it('wipes the caller’s buffer if verification fails', async () => {
    const [container] = await containersFor(policyOf('2.1', { regionLength: 100 }));
    const blob = container.getBlockBlobClient('bad-end');
    await blob.uploadData(content(1000));
    const stored = await blob.unencryptedClient.downloadToBuffer();
    const { metadata } = await blob.unencryptedClient.getProperties();
    stored.writeUInt8(stored.readUInt8(stored.length - 1) ^ 1, stored.length - 1);
    await blob.unencryptedClient.uploadData(stored, { metadata });
    const buffer = Buffer.alloc(1000, 7);

    await expect(blob.downloadToBuffer(buffer)).rejects.toEqual(code('DECRYPTION_FAILED'));

    expect(buffer.equals(Buffer.alloc(1000))).toBe(true);
  });

  it('stops when it is aborted', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('long');
    await blob.uploadData(content(3 * REGION));
    const abort = new AbortController();

    const reading = blob.downloadToBuffer(0, undefined, {
      abortSignal: abort.signal,
      concurrency: 1,
      onProgress: () => {
        abort.abort();
      },
    });

    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('keys', () => {
  it('are required before any request', async () => {
    const [container] = await containersFor({ protocol: '2.0', requireEncryption: true });

    await expect(container.getBlockBlobClient('b').uploadData(Buffer.from('x'))).rejects.toEqual(code('KEY_MISSING'));

    expect(await container.getBlockBlobClient('b').exists()).toBe(false);
  });

  it.each(['1.0', '2.0'] as const)(
    'are replaced by a rewrap in %s, which leaves the body unchanged',
    async (protocol) => {
      const young = AesKeyEncryptionKey.generate('young');
      const [old, both, only] = await containersFor(
        policyOf(protocol),
        policyOf(protocol, { keyEncryptionKey: young, keyResolver: (id) => (id === testKey.keyId ? testKey : null) }),
        policyOf(protocol, { keyEncryptionKey: young }),
      );
      await old.getBlockBlobClient('b').uploadData(Buffer.from('kept'), { metadata: { owner: 'ward' } });
      const body = await old.getBlockBlobClient('b').unencryptedClient.downloadToBuffer();

      expect(await both.getBlockBlobClient('b').rewrapKey()).toEqual({ keyId: 'young', changed: true });
      expect(await both.getBlockBlobClient('b').rewrapKey()).toEqual({ keyId: 'young', changed: false });

      const blob = only.getBlockBlobClient('b');
      expect((await blob.downloadToBuffer()).toString()).toBe('kept');
      expect((await blob.unencryptedClient.downloadToBuffer()).equals(body)).toBe(true);
      expect((await blob.getProperties()).metadata?.['owner']).toBe('ward');
      await expect(old.getBlockBlobClient('b').downloadToBuffer()).rejects.toEqual(code('KEY_NOT_FOUND'));
    },
  );
});

describe('a read that fails before it begins', () => {
  it.each(['damaged encryption data', 'a buffer that is too small'])('for %s leaves no body open', async (reason) => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('blob');
    await blob.uploadData(content(REGION));
    const isDamaged = reason.startsWith('damaged');
    if (isDamaged) await blob.unencryptedClient.setMetadata({ encryptiondata: '{' });
    const fetched = jest.spyOn(blob.unencryptedClient, 'download');
    const reads = isDamaged ? [blob.download(), blob.downloadToBuffer()] : [blob.downloadToBuffer(Buffer.alloc(10))];

    for (const read of reads) {
      await expect(read).rejects.toEqual(code(isDamaged ? 'INVALID_ENCRYPTION_METADATA' : 'INVALID_OPTIONS'));
    }

    expect(fetched).toHaveBeenCalledTimes(reads.length);
    for (const { value } of fetched.mock.results) {
      const { readableStreamBody } = await (value as ReturnType<typeof blob.unencryptedClient.download>);
      expect((readableStreamBody as Readable).destroyed).toBe(true);
    }
  });
});

describe('an abort', () => {
  it('does not wait for a stalled source', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('stalled');
    const stalled = new PassThrough();
    const controller = new AbortController();

    const upload = blob.uploadStream(stalled, undefined, undefined, { abortSignal: controller.signal });
    const outcome = expect(upload).rejects.toMatchObject({ name: 'AbortError' });
    await nextTurn();
    controller.abort();
    await outcome;

    expect(await blob.exists()).toBe(false);
    stalled.end();
    if (!stalled.closed) await once(stalled, 'close');
  });

  it('surfaces at the first read once a stream exists, and fails the call while the key is pending', async () => {
    const [container] = await containersFor(policyOf('2.0'));
    const blob = container.getBlockBlobClient('early');
    await blob.uploadData(content(2 * REGION));
    const early = new AbortController();
    const { readableStreamBody } = await blob.download(0, undefined, { abortSignal: early.signal });
    early.abort();
    for (let turn = 0; turn < 20; turn++) await nextTurn();

    await expect(bytesFrom(readableStreamBody as Readable)).rejects.toMatchObject({ name: 'AbortError' });

    const late = new AbortController();
    const slowKey = {
      keyId: testKey.keyId,
      wrapKey: (contentKey: Uint8Array) => testKey.wrapKey(contentKey),
      unwrapKey: async (encryptedKey: Uint8Array, algorithm: string) => {
        late.abort();
        await nextTurn();
        return testKey.unwrapKey(encryptedKey, algorithm);
      },
    };

    await expect(
      blob.downloadToBuffer(0, undefined, { abortSignal: late.signal, keyEncryptionKey: slowKey }),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
