import { randomBytes } from 'node:crypto';
import { runAll } from '../../../src/crypto/byte-transform.js';
import { importContentKey } from '../../../src/crypto/content-key.js';
import { OpeningBreaker } from '../../../src/envelope/opening-breaker.js';
import type { ContentOpener } from '../../../src/protocol/protocol.js';
import { protocolFor } from '../../../src/protocol/registry.js';
import { fieldReader } from '../../../src/wire/json.js';

const HOUR = 3600 * 1000;
const key = importContentKey(Buffer.alloc(32, 1));
const protocol = protocolFor('1.0');
const fields = { ContentEncryptionIV: Buffer.alloc(16, 2).toString('base64') };
const { layout } = protocol.sealer(key, { form: 'stream' });
const sealed = runAll(protocol.sealer(key, { form: 'stream', iv: Buffer.alloc(16, 2) }).seal(), Buffer.alloc(20));
/** Its padding is wrong. */
const damaged = Buffer.from(sealed).fill((sealed[15] as number) ^ 1, 15, 16);

const wrapped = (encryptedKey: Uint8Array = Buffer.alloc(40, 1), keyId = 'k') => ({ keyId, encryptedKey });

function setUp() {
  const clock = { time: 1, now: () => clock.time };
  const breaker = new OpeningBreaker(clock);
  const opener = (wrappedKey = wrapped()): ContentOpener =>
    breaker.watched(
      protocol.opener(key, fieldReader(fields), { form: 'stream', regionOrder: 'checked', counting: 'any' }),
      wrappedKey,
    );
  const read = (bytes: Buffer, wrappedKey = wrapped()): string => codeOf(() => finish(opener(wrappedKey), bytes));
  return { clock, opener, read };
}

function finish(opener: ContentOpener, bytes: Buffer): void {
  runAll(opener.open(layout.window({ offset: 0 }, bytes.length)), bytes);
}

function codeOf(work: () => void): string {
  try {
    work();
    return 'read';
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

const times = (count: number, work: () => string): Set<string> => new Set(Array.from({ length: count }, work));

describe('unverified content', () => {
  it('is locked out after 16 failed openings, intact content too, until the hour is over', () => {
    const { clock, read } = setUp();

    expect(read(sealed)).toBe('read');
    expect(times(16, () => read(damaged))).toEqual(new Set(['DECRYPTION_FAILED']));
    expect([read(damaged), read(sealed)]).toEqual(['LOCKED_OUT', 'LOCKED_OUT']);
    clock.time = HOUR;
    expect(read(sealed)).toBe('LOCKED_OUT');
    clock.time = HOUR + 2;
    expect(read(sealed)).toBe('read');
    expect(times(16, () => read(damaged))).toEqual(new Set(['DECRYPTION_FAILED']));
    expect(read(sealed)).toBe('LOCKED_OUT');
  });

  it('is not locked out by 15 failures, or by reads that succeed', () => {
    const { read } = setUp();

    times(15, () => read(damaged));

    expect(times(100, () => read(sealed))).toEqual(new Set(['read']));
  });

  it('is counted by the bytes of the wrapped key, whatever the key id is', () => {
    const { read } = setUp();

    times(16, () => read(damaged, wrapped(undefined, 'one name')));

    expect(read(sealed, wrapped(undefined, 'another'))).toBe('LOCKED_OUT');
    expect(read(sealed, wrapped(Buffer.alloc(40, 2)))).toBe('read');
  });

  it('is rejected at the end of reads that began before the lockout', () => {
    const { opener, read } = setUp();
    const begun = Array.from({ length: 100 }, () => opener());

    const codes = begun.map((one) => codeOf(() => finish(one, damaged)));

    expect(codes.filter((code) => code === 'DECRYPTION_FAILED')).toHaveLength(16);
    expect(codes.filter((code) => code === 'LOCKED_OUT')).toHaveLength(84);
    expect(read(sealed)).toBe('LOCKED_OUT');
  });

  it('is counted once for each read, however many parts it has', () => {
    const { opener, read } = setUp();
    const one = opener();

    times(20, () => codeOf(() => finish(one, damaged)));

    expect(read(sealed)).toBe('read');
  });

  it('is still counted after failures under more keys than there is room for', () => {
    const { read } = setUp();

    for (let count = 0; count < 20_000; count += 1) read(damaged, wrapped(randomBytes(40)));

    times(16, () => read(damaged));
    expect(read(sealed)).toBe('LOCKED_OUT');
  });
});
