import { createHmac, createSecretKey } from 'node:crypto';
import { runAll } from '../../../src/crypto/byte-transform.js';
import type { CipherPlan } from '../../../src/crypto/cipher-step.js';
import { CipherThreads } from '../../../src/crypto/cipher-threads.js';
import { generateContentKey, importContentKey } from '../../../src/crypto/content-key.js';
import type { ContentForm } from '../../../src/protocol/protocol.js';
import { protocolFor } from '../../../src/protocol/registry.js';
import { fieldReader } from '../../../src/wire/json.js';
import { content } from '../../support/blobs.js';

const KIB = 1024;
const REGION = 64 * KIB;
const key = importContentKey(generateContentKey());
const threads = new CipherThreads(2);

afterAll(() => threads.close());

/** Seals on a thread, in buffers of one length, from chunks of another. */
async function sealedOnThread(
  plan: CipherPlan,
  plaintext: Buffer,
  { bufferLength, chunkLength }: { bufferLength: number; chunkLength: number },
): Promise<Buffer> {
  const onThread = threads.open();
  const sealed: Promise<Buffer>[] = [];
  let buffer = Buffer.allocUnsafeSlow(bufferLength);
  let at = 0;
  const cut = () => {
    if (at > 0) sealed.push(onThread.seal(buffer.subarray(0, at), plan.drain()));
    buffer = Buffer.allocUnsafeSlow(bufferLength);
    at = 0;
  };
  for (let from = 0; from < plaintext.length; from += chunkLength) {
    const chunk = plaintext.subarray(from, from + chunkLength);
    for (let taken = 0; taken < chunk.length;) {
      const appended = plan.append(buffer, at, chunk.subarray(taken));
      taken += appended.taken;
      at = appended.at;
      if (at === bufferLength) cut();
    }
  }
  for (let isWhole = false; !isWhole;) {
    const end = plan.end(buffer, at);
    at = end.at;
    isWhole = end.isWhole;
    cut();
  }
  onThread.close();
  return Buffer.concat(await Promise.all(sealed));
}

/** Opens it as any reader does. */
function opened(version: '1.0' | '2.1', form: ContentForm, stored: { fields: object; sealed: Buffer }): Buffer {
  const fields = stored.fields as Record<string, unknown>;
  const opener = protocolFor(version).opener(key, fieldReader(fields), {
    form,
    regionOrder: 'checked',
    counting: 'any',
  });
  return runAll(opener.open(opener.layout.window({ offset: 0 }, stored.sealed.length)), stored.sealed);
}

it.each([0, -1, 1.5, NaN])('a pool of %d threads is rejected', (size) => {
  expect(() => new CipherThreads(size)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error);
});

const contents: readonly (readonly ['1.0' | '2.1', ContentForm])[] = [
  ['1.0', 'stream'],
  ['1.0', 'pages'],
  ['2.1', 'stream'],
];
const lengths = [0, 16, 512, REGION - 16, REGION, REGION + 16, 2 * REGION, 3 * REGION + 512];
/** Multiples of 16 that cut nonces, data and tags of regions in every way. */
const bufferLengths = [16, 48, REGION, REGION + 16, REGION + 32, 4 * REGION];

/** Small buffers cost many messages to the thread, so with them content is only as long as its first region needs. */
const rows = lengths
  .flatMap((length) => bufferLengths.map((bufferLength) => [length, bufferLength] as const))
  .filter(([length, bufferLength]) => bufferLength >= REGION || length <= REGION + 16);

const chunkLengthsFor = (bufferLength: number) => (bufferLength < REGION ? [1000] : [1000, REGION, 5 * REGION]);

describe.each(contents)('protocol %s, %s, on a thread', (version, form) => {
  it.each(rows)('seals %d bytes in buffers of %d', async (length, bufferLength) => {
    const plaintext = content(length);
    for (const chunkLength of chunkLengthsFor(bufferLength)) {
      const sealer = protocolFor(version).sealer(key, { form, regionLength: REGION });

      const sealed = await sealedOnThread(sealer.plan!(), plaintext, { bufferLength, chunkLength });

      expect(sealed.length).toBe(sealer.layout.ciphertextLength(length));
      expect(opened(version, form, { fields: sealer.fields, sealed }).equals(plaintext)).toBe(true);
    }
  });

  it('seals either on the thread or directly, and only once', () => {
    const planned = protocolFor(version).sealer(key, { form, regionLength: REGION });
    planned.plan!();
    const sealed = protocolFor(version).sealer(key, { form, regionLength: REGION });
    sealed.seal();

    expect(() => planned.seal()).toThrow('works once');
    expect(() => sealed.plan!()).toThrow('works once');
  });
});

describe.each(['1.0', '2.1'] as const)('protocol %s, streams on a thread', (version) => {
  it.each([1, 15, 17, 31, 33, REGION + 1, 2 * REGION - 1])(
    'seal %d bytes, which is not a multiple of any unit',
    async (length) => {
      const sealer = protocolFor(version).sealer(key, { form: 'stream', regionLength: REGION });
      const plaintext = content(length);

      const sealed = await sealedOnThread(sealer.plan!(), plaintext, { bufferLength: 4096, chunkLength: 777 });

      expect(sealed.length).toBe(sealer.layout.ciphertextLength(length));
      expect(opened(version, 'stream', { fields: sealer.fields, sealed }).equals(plaintext)).toBe(true);
    },
  );
});

describe('threads', () => {
  it('are not offered if regions are too small to be worth it', () => {
    expect(protocolFor('2.1').sealer(key, { form: 'stream', regionLength: REGION - 1 }).plan).toBeUndefined();
  });

  it('compute the MAC over the entire ciphertext, however it is spread over buffers', async () => {
    const macKey = createSecretKey(content(32));
    const plaintext = content(3 * REGION + 5);
    const onThread = threads.open();
    const plan = protocolFor('1.0').sealer(key, { form: 'stream' }).plan!();
    const sealed: Promise<Buffer>[] = [];
    for (let at = 0, isWhole = false; !isWhole;) {
      const buffer = Buffer.allocUnsafeSlow(REGION);
      const appended = plan.append(buffer, 0, plaintext.subarray(at));
      at += appended.taken;
      const end = at < plaintext.length ? { at: appended.at, isWhole: false } : plan.end(buffer, appended.at);
      isWhole = end.isWhole;
      const steps = plan.drain().map((step) => (step.step === 'begin' ? { ...step, macKey } : step));
      sealed.push(onThread.seal(buffer.subarray(0, end.at), steps));
    }

    const mac = await onThread.mac();
    onThread.close();

    const ciphertext = Buffer.concat(await Promise.all(sealed));
    expect(ciphertext.length).toBe(3 * REGION + 16);
    expect(mac.equals(createHmac('sha256', macKey).update(ciphertext).digest())).toBe(true);
  });

  it('take the memory of a buffer, and return it', async () => {
    const sealer = protocolFor('2.0').sealer(key, { form: 'stream' });
    const plan = sealer.plan!();
    const buffer = Buffer.allocUnsafeSlow(100);
    plan.append(buffer, 0, content(88));
    const onThread = threads.open();

    const sealed = await onThread.seal(buffer, plan.drain());
    onThread.close();

    expect(buffer.length).toBe(0);
    expect(sealed.length).toBe(100);
    expect(sealed.buffer.byteLength).toBe(100);
  });

  it('finish content in progress when they are closed', async () => {
    const pool = new CipherThreads(1);
    const plaintext = content(3 * REGION);
    const sealer = protocolFor('2.1').sealer(key, { form: 'stream', regionLength: REGION });
    const plan = sealer.plan!();
    const onThread = pool.open();
    const buffer = Buffer.allocUnsafeSlow(sealer.layout.ciphertextLength(plaintext.length));
    const { at } = plan.append(buffer, 0, plaintext);
    plan.end(buffer, at);

    await pool.close();
    const sealed = await onThread.seal(buffer, plan.drain());
    onThread.close();

    expect(opened('2.1', 'stream', { fields: sealer.fields, sealed }).equals(plaintext)).toBe(true);
  });

  it('fail the content that they were sealing when they break, and start again', async () => {
    const pool = new CipherThreads(1);
    const broken = pool.open();
    const impossible = { step: 'begin', algorithm: 'aes-256-cbc', key, iv: Buffer.alloc(3) } as const;

    const sealing = [1, 2].map(() => broken.seal(Buffer.allocUnsafeSlow(16), [impossible]));
    const outcomes = await Promise.allSettled(sealing);
    broken.close();

    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CIPHER_THREAD_FAILED' } });
    }
    await expect(broken.seal(Buffer.allocUnsafeSlow(16), [])).rejects.toMatchObject({ code: 'CIPHER_THREAD_FAILED' });
    const again = pool.open();
    const plan = protocolFor('1.0').sealer(key, { form: 'stream' }).plan!();
    const next = Buffer.allocUnsafeSlow(16);
    plan.append(next, 0, content(16));
    expect((await again.seal(next, plan.drain())).length).toBe(16);
    again.close();
    await pool.close();
  });
});

describe('memory that cannot be transferred', () => {
  it('is rejected, and the next answer of the thread still reaches its caller', async () => {
    const own = new CipherThreads(1);
    const content = own.open();
    const begin = { step: 'begin', algorithm: 'aes-256-cbc', key, iv: Buffer.alloc(16) } as const;
    try {
      await expect(content.seal(Buffer.from(new SharedArrayBuffer(16)), [begin])).rejects.toThrow('transferList');

      const sealed = await content.seal(Buffer.alloc(32), [begin, { step: 'seal', from: 0, to: 32 }]);

      expect(sealed).toHaveLength(32);
    } finally {
      content.close();
      await own.close();
    }
  }, 5000);
});
