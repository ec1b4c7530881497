import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex, PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { ByteSource } from '../../../src/streams/source.js';
import { readOnce } from '../../../src/streams/stream-source.js';

const code = (name: string) => expect.objectContaining({ code: name }) as unknown;

async function bytesOf(source: ByteSource): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const readAll = (stream: AsyncIterable<unknown>): Promise<string> => readOnce(stream, bytesOf);

/** A request whose body a middleware may consume. */
function request(...body: string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  for (const chunk of [...body, null]) message.push(chunk);
  return message;
}

const webStream = (...chunks: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });

const drained = async <Stream extends Readable>(stream: Stream): Promise<Stream> => {
  await finished(stream.resume());
  return stream;
};

const FRESH: readonly (readonly [string, () => AsyncIterable<unknown>])[] = [
  ['Readable.from', () => Readable.from([Buffer.from('hel'), Buffer.from('lo')])],
  ['PassThrough', () => new PassThrough().end('hello')],
  ['a request', () => request('hel', 'lo')],
  ['a stream of text', () => Readable.from(['hel', 'lo'])],
  ['a web stream', () => webStream('hel', 'lo')],
  ['a Blob', () => new Blob(['hello']).stream()],
  ['the body of a Response', () => new Response('hello').body as ReadableStream],
  [
    'a generator',
    async function* () {
      await nextTurn();
      yield Buffer.from('hello');
    },
  ],
];

const EMPTY: readonly (readonly [string, () => AsyncIterable<unknown>])[] = [
  ['Readable.from', () => Readable.from([])],
  ['PassThrough', () => new PassThrough().end()],
  ['a request', () => request()],
  ['a web stream', () => webStream()],
  ['a Blob', () => new Blob([]).stream()],
];

const CONSUMED: readonly (readonly [string, () => Promise<AsyncIterable<unknown>> | AsyncIterable<unknown>])[] = [
  ['Readable.from, ended', () => drained(Readable.from([Buffer.from('hello')]))],
  ['PassThrough, ended', () => drained(new PassThrough().end('hello'))],
  ['an empty PassThrough, ended', () => drained(new PassThrough().end())],
  ['a request whose body was parsed', () => drained(request('hello'))],
  [
    'a stream, read half-way',
    async () => {
      const stream = Readable.from([Buffer.from('hel'), Buffer.from('lo')]);
      stream.once('data', () => stream.pause());
      await nextTurn();
      await nextTurn();
      return stream;
    },
  ],
  ['a stream, destroyed', () => new PassThrough().end('hello').destroy()],
  ['a stream, failed', () => new PassThrough().on('error', () => undefined).destroy(new Error('disk'))],
  ['a stream that cannot be read', () => new Duplex({ ...{ readable: false }, write: () => undefined })],
  [
    'a decompressor, ended',
    async () => {
      const gunzip = createGunzip().on('error', () => undefined);
      gunzip.end(Buffer.from('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==', 'base64'));
      await drained(gunzip).catch(() => undefined);
      return gunzip;
    },
  ],
  [
    'a web stream, locked',
    () => {
      const stream = webStream('hello');
      stream.getReader();
      return stream;
    },
  ],
  [
    'a web stream, read half-way',
    async () => {
      const stream = webStream('hel', 'lo');
      const reader = stream.getReader();
      await reader.read();
      reader.releaseLock();
      return stream;
    },
  ],
  [
    'a web stream, cancelled',
    async () => {
      const stream = webStream('hello');
      await stream.cancel();
      return stream;
    },
  ],
  [
    'the body of a Response that was read',
    async () => {
      const response = new Response('hello');
      await response.text();
      return response.body as ReadableStream;
    },
  ],
  [
    'a generator, ended',
    async () => {
      const generator = (async function* () {
        await nextTurn();
        yield Buffer.from('hello');
      })();
      while ((await generator.next()).done !== true) await nextTurn();
      return generator;
    },
  ],
  [
    'a stream of an older library, ended',
    () => ({ _readableState: { endEmitted: true }, [Symbol.asyncIterator]: never }),
  ],
];

function never(): never {
  throw new Error('was asked for chunks');
}

describe('a stream as a source', () => {
  it.each(FRESH)('yields everything in %s', async (_name, stream) => {
    await expect(readAll(stream())).resolves.toBe('hello');
  });

  it.each(EMPTY)('yields nothing for %s that is fresh and empty', async (_name, stream) => {
    await expect(readAll(stream())).resolves.toBe('');
  });

  it.each(CONSUMED)('is rejected if it was read or closed before: %s', async (_name, stream) => {
    await expect(readAll(await stream())).rejects.toEqual(code('SOURCE_CONSUMED'));
  });

  it.each(CONSUMED.filter(([name]) => name !== 'a generator, ended'))(
    'is rejected before anything is requested from the source: %s',
    async (_name, stream) => {
      let isAsked = false;
      const reading = readOnce(await stream(), () => {
        isAsked = true;
        return Promise.resolve();
      });

      await expect(reading).rejects.toEqual(code('SOURCE_CONSUMED'));
      expect(isAsked).toBe(false);
    },
  );

  it('rejects a second reader at once, even if the first has not begun', async () => {
    const stream = Readable.from([Buffer.from('hello')]);

    const [first, second] = await Promise.allSettled([readAll(stream), readAll(stream)]);

    expect(first).toMatchObject({ value: 'hello' });
    expect(second).toMatchObject({ reason: { code: 'SOURCE_CONSUMED' } });
  });

  it('can be retried after a failure before its first chunk', async () => {
    const stream = Readable.from([Buffer.from('hello')]);
    await expect(readOnce(stream, () => Promise.reject(new Error('no key')))).rejects.toThrow('no key');

    await expect(readAll(stream)).resolves.toBe('hello');
  });

  it.each(FRESH.filter(([name]) => name !== 'a Blob'))(
    'cannot be retried after it was read: %s',
    async (_name, make) => {
      const stream = make();
      await readAll(stream);

      await expect(readAll(stream)).rejects.toEqual(code('SOURCE_CONSUMED'));
    },
  );

  it('is rejected if somebody reads it while the key is awaited', async () => {
    const stream = new PassThrough().end('hello');

    const reading = readOnce(stream, async (source) => {
      await drained(stream);
      return bytesOf(source);
    });

    await expect(reading).rejects.toEqual(code('SOURCE_CONSUMED'));
  });

  it('fails with the error of a stream that fails while the key is awaited, without ending the process', async () => {
    const stream = new PassThrough();

    const reading = readOnce(stream, async (source) => {
      stream.destroy(new Error('ENOENT'));
      await nextTurn();
      return bytesOf(source);
    });

    await expect(reading).rejects.toThrow('ENOENT');
  });
});

describe('a stream of text', () => {
  it('may split a character across chunks', async () => {
    await expect(readAll(Readable.from(['a\ud83d', '\ude00b']))).resolves.toBe('a\u{1f600}b');
  });

  it.each([
    ['at the end', ['a\ud83d']],
    ['before another chunk', ['a\ud83d', 'b']],
    ['before bytes', ['a\ud83d', Buffer.from('b')]],
    ['alone', ['\ude00']],
    ['in the middle', ['a\ud800b']],
  ])('is rejected with half a surrogate pair %s', async (_where, chunks) => {
    await expect(readAll(Readable.from(chunks))).rejects.toEqual(code('UNSUPPORTED_VALUE'));
  });

  it('rejects chunks that are neither text nor bytes', async () => {
    await expect(readAll(Readable.from([{ a: 1 }]))).rejects.toEqual(code('UNSUPPORTED_OPERATION'));
  });
});
