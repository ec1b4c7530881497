import type { ContentForm, ReadField } from '../../../src/protocol/protocol.js';
import {
  PROTOCOL_VERSIONS,
  protocolFor,
  protocolToWrite,
  type ProtocolVersion,
  storedProtocol,
} from '../../../src/protocol/registry.js';

describe('the version that new content is written in', () => {
  it.each<[ProtocolVersion, ContentForm, ProtocolVersion]>([
    ['1.0', 'stream', '1.0'],
    ['1.0', 'pages', '1.0'],
    ['1.0', 'message', '1.0'],
    ['1.0', 'entity', '1.0'],
    ['2.0', 'stream', '2.0'],
    ['2.0', 'message', '2.0'],
    ['2.0', 'entity', '1.0'],
    ['2.1', 'stream', '2.1'],
    ['2.1', 'message', '2.0'],
    ['2.1', 'entity', '1.0'],
  ])('is, under %s for a %s, %s', (chosen, form, expected) => {
    expect(protocolToWrite(chosen, form).version).toBe(expected);
  });

  it.each<ProtocolVersion>(['2.0', '2.1'])(
    'does not exist under %s for pages, which would lose their authentication',
    (chosen) => {
      expect(() => protocolToWrite(chosen, 'pages')).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_OPERATION' }) as Error,
      );
    },
  );
});

describe('the version that stored content names', () => {
  it('is found by version and algorithm', () => {
    for (const version of PROTOCOL_VERSIONS) {
      const { algorithm } = protocolFor(version);
      expect(storedProtocol(version, algorithm).version).toBe(version);
    }
  });

  it.each([
    ['1.0', 'AES_GCM_256'],
    ['2.0', 'AES_CBC_256'],
    ['2.2', 'AES_GCM_256'],
    ['', ''],
    ['constructor', 'AES_GCM_256'],
  ])('is unknown as %s with %s', (version, algorithm) => {
    expect(() => storedProtocol(version, algorithm)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_PROTOCOL' }) as Error,
    );
  });
});

describe('the bytes that a key encryption key wraps', () => {
  const contentKey = Buffer.from('0123456789abcdef0123456789abcdef');

  it.each(PROTOCOL_VERSIONS)('of %s contain the content key', (version) => {
    const protocol = protocolFor(version);
    const packed = protocol.packKey(contentKey);

    expect(packed.length).toBe(protocol.packedLength);
    expect(protocol.unpackKey(packed).equals(contentKey)).toBe(true);
  });

  it.each(
    PROTOCOL_VERSIONS.flatMap((from) => PROTOCOL_VERSIONS.filter((to) => to !== from).map((to) => [from, to] as const)),
  )('of %s are rejected under the label %s', (from, to) => {
    const packed = protocolFor(from).packKey(contentKey);

    expect(() => protocolFor(to).unpackKey(packed)).toThrow(
      expect.objectContaining({ code: 'DECRYPTION_FAILED' }) as Error,
    );
  });

  it.each(PROTOCOL_VERSIONS)('of %s are rejected if truncated, extended or empty', (version) => {
    const protocol = protocolFor(version);
    const packed = protocol.packKey(contentKey);

    for (const other of [
      packed.subarray(1),
      packed.subarray(0, -1),
      Buffer.concat([packed, Buffer.alloc(1)]),
      Buffer.alloc(0),
    ]) {
      expect(() => protocol.unpackKey(other)).toThrow(expect.objectContaining({ code: 'DECRYPTION_FAILED' }) as Error);
    }
  });
});

describe('the parameters that stored content names', () => {
  const read =
    (fields: Record<string, unknown>) =>
    (...path: readonly string[]): unknown =>
      path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], fields);
  const region = (DataLength: unknown, NonceLength: unknown = 12) => ({
    EncryptedRegionInfo: { DataLength, NonceLength },
  });

  it.each<[ProtocolVersion, Record<string, unknown>]>([
    ['1.0', { ContentEncryptionIV: Buffer.alloc(16, 1).toString('base64') }],
    ['2.0', { EncryptedRegionInfo: { DataLength: 1000, NonceLength: 12 } }],
    ['2.1', { EncryptedRegionInfo: { DataLength: 1000, NonceLength: 12 } }],
  ])('of %s are read once, and only for the same encryption data', (version, fields) => {
    const protocol = protocolFor(version);
    let reads = 0;
    const first: ReadField = (...path) => {
      reads += 1;
      return read(fields)(...path);
    };
    const bound = protocol.boundParameters(first);
    const readsOfOne = reads;

    protocol.storedLayout(first, 'stream');

    expect(protocol.boundParameters(first)).toEqual(bound);
    expect(reads).toBe(readsOfOne);
    expect(() => protocol.boundParameters(read({}))).toThrow();
  });

  it.each<[ProtocolVersion, Record<string, unknown>]>([
    ['1.0', {}],
    ['1.0', { ContentEncryptionIV: 16 }],
    ['1.0', { ContentEncryptionIV: Buffer.alloc(15).toString('base64') }],
    ['1.0', { ContentEncryptionIV: Buffer.alloc(17).toString('base64') }],
    ['2.0', {}],
    ['2.0', { EncryptedRegionInfo: null }],
    ['2.0', region(0)],
    ['2.0', region(-1)],
    ['2.0', region(1.5)],
    ['2.0', region('4194304')],
    ['2.0', region(4 * 1024 * 1024 + 1)],
    ['2.0', region(4 * 1024 * 1024, 16)],
    ['2.1', region(1024 * 1024 * 1024 + 1)],
    ['2.1', region(1000, 8)],
  ])('of %s are rejected: %j', (version, fields) => {
    expect(() => protocolFor(version).storedLayout(read(fields), 'stream')).toThrow(
      expect.objectContaining({ code: 'INVALID_ENCRYPTION_METADATA' }) as Error,
    );
  });
});
