/** What a policy reads at all, before a key is called. */
import { randomUUID } from 'node:crypto';
import type { EncryptionPolicy } from '../../../src/envelope/encryption-policy.js';
import { openEnvelope } from '../../../src/envelope/envelope.js';
import { isEncryptedStorageError } from '../../../src/errors/any-error.js';
import type { ContentForm } from '../../../src/protocol/protocol.js';
import type { ProtocolVersion } from '../../../src/protocol/registry.js';
import { policyOf } from '../../support/blobs.js';
import { storedData } from '../../support/envelopes.js';

const MIB = 1024 * 1024;
const targets = {
  stream: { kind: 'blob', account: 'a', container: 'c', blob: 'b' },
  message: { kind: 'queue', account: 'a', queue: 'q' },
  entity: { kind: 'table', account: 'a', table: 't', partitionKey: 'p', rowKey: 'r' },
} as const;

async function codeOf(writer: EncryptionPolicy, reader: EncryptionPolicy, form: keyof typeof targets): Promise<string> {
  const context = { target: targets[form], form: form satisfies ContentForm };
  try {
    await openEnvelope(reader, await storedData(writer, context), context);
    return 'read';
  } catch (error) {
    return isEncryptedStorageError(error) ? error.code : String(error);
  }
}

describe('the versions that are read', () => {
  const NO = 'PROTOCOL_NOT_ALLOWED';
  const rows: readonly (readonly [keyof typeof targets, ProtocolVersion, ProtocolVersion[] | undefined, string[]])[] = [
    // written in 1.0, 2.0, 2.1
    ['stream', '1.0', undefined, ['read', 'read', 'read']],
    ['stream', '2.0', undefined, [NO, 'read', 'read']],
    ['stream', '2.1', undefined, [NO, 'read', 'read']],
    ['stream', '2.0', ['1.0'], ['read', NO, NO]],
    ['stream', '1.0', ['2.1'], [NO, NO, 'read']],
    ['message', '1.0', undefined, ['read', 'read', 'read']],
    ['message', '2.1', undefined, [NO, 'read', 'read']],
    ['message', '2.1', ['2.1'], [NO, 'read', 'read']],
    ['message', '2.0', ['1.0'], ['read', NO, NO]],
    ['entity', '2.0', undefined, ['read', 'read', 'read']],
    ['entity', '2.0', ['2.0'], ['read', 'read', 'read']],
  ];

  it.each(rows)('of a %s, by a policy that writes %s and names %j, are %j', async (form, protocol, named, expected) => {
    const reader = policyOf(protocol, named === undefined ? {} : { readProtocols: named });

    const found = await Promise.all(
      (['1.0', '2.0', '2.1'] as const).map((written) => codeOf(policyOf(written), reader, form)),
    );

    expect(found).toEqual(expected);
  });
});

describe('the regions that are read', () => {
  const BAD = 'INVALID_ENCRYPTION_METADATA';

  it.each([
    [16 * MIB, {}, 'read'],
    [16 * MIB + 1, {}, BAD],
    [32 * MIB, { regionLength: 32 * MIB }, 'read'],
    [32 * MIB + 1, { regionLength: 32 * MIB }, BAD],
    [16 * MIB, { regionLength: 16 }, 'read'],
    [64, { maxRegionLength: 64 }, 'read'],
    [65, { maxRegionLength: 64 }, BAD],
    [1024 * MIB, { maxRegionLength: 1024 * MIB }, 'read'],
  ])('have %d bytes at most, under %j', async (regionLength, options, expected) => {
    expect(await codeOf(policyOf('2.1', { regionLength }), policyOf('2.1', options), 'stream')).toBe(expected);
  });

  it('are rejected before a key is called', async () => {
    const keyResolver = () => Promise.reject(new Error(randomUUID()));
    const reader = { protocol: '2.1', requireEncryption: true, keyResolver, maxRegionLength: 64 } as const;

    expect(await codeOf(policyOf('2.1', { regionLength: 65 }), reader, 'stream')).toBe(BAD);
  });
});
