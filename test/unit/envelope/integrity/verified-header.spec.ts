/** Headers with a valid MAC: what a holder of the content key can write, and in which order faults are found. */
import { generateContentKey, importContentKey } from '../../../../src/crypto/content-key.js';
import { headerInput } from '../../../../src/envelope/integrity/header.js';
import { contextTag, headerMac } from '../../../../src/envelope/integrity/integrity-keys.js';
import { verifyHeader } from '../../../../src/envelope/integrity/verified-header.js';
import type { ContentForm } from '../../../../src/protocol/protocol.js';
import { protocolFor, type ProtocolVersion } from '../../../../src/protocol/registry.js';
import { fieldReader } from '../../../../src/wire/json.js';

const key = importContentKey(generateContentKey());
const FIELDS = {
  ContentEncryptionIV: Buffer.alloc(16).toString('base64'),
  EncryptedRegionInfo: { DataLength: 64, NonceLength: 12 },
};
const FAILED = 'DECRYPTION_FAILED';

interface Header {
  readonly version?: ProtocolVersion;
  readonly form?: ContentForm;
  readonly bind: string;
  readonly length: number;
  readonly context?: string;
  /** Whether the MAC is valid. */
  readonly isOurs?: boolean;
}

function outcomeOf({ version = '1.0', form = 'stream', bind, length, context, isOurs = true }: Header): string {
  const protocol = protocolFor(version);
  const field = fieldReader(FIELDS);
  const tag = version === '1.0' ? Buffer.alloc(32) : null;
  const mac = headerMac(key, headerInput({ protocol, form, field }, { bind, tag }));
  if (!isOurs) mac.writeUInt8(mac.readUInt8(0) ^ 1, 0);
  const additions = new Map<string, string>([
    ['AzCseBind', bind],
    ...(tag === null ? [] : [['AzCseTag', tag.toString('base64')] as const]),
    ['AzCseMac', mac.toString('base64')],
  ]);
  try {
    const stored = { protocol, form, field, additions, length, context: context ?? null };
    return verifyHeader(key, stored, { isStripped: false, mode: 'verify' }) === null ? 'none' : 'verified';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

it.each<readonly [string, Header, string]>([
  ['lengths that fit', { bind: '1;c=48;n=40', length: 48 }, 'verified'],
  ['the shortest plaintext', { bind: '1;c=48;n=32', length: 48 }, 'verified'],
  ['less plaintext than the padding can hide', { bind: '1;c=48;n=31', length: 48 }, FAILED],
  ['as much plaintext as ciphertext', { bind: '1;c=48;n=48', length: 48 }, FAILED],
  ['a length that differs from the stored one', { bind: '1;c=32;n=20', length: 48 }, FAILED],
  ['the lengths of a stream in a message', { form: 'message', bind: '1;c=48;n=40', length: 48 }, FAILED],
  ['one length in a stream', { bind: '1;c=48', length: 48 }, FAILED],
  ['the length of pages', { form: 'pages', bind: '1;c=512', length: 512 }, 'verified'],
  ['regions', { version: '2.1', bind: '1;c=92', length: 92 }, 'verified'],
  ['missing regions', { version: '2.1', bind: '1;c=184', length: 92 }, FAILED],
  ['leading zeros', { version: '2.1', bind: '1;c=092', length: 92 }, FAILED],
])('%s', (_what, header, expected) => {
  expect(outcomeOf(header)).toBe(expected);
});

describe('if there are two faults', () => {
  const bind = (context: string, length = 92): string =>
    `1;c=${length};x=${contextTag(key, context).toString('base64')}`;
  const regions = { version: '2.1', length: 92 } as const;

  it('the MAC is reported before the context, which can be trusted only then', () => {
    const header = { ...regions, bind: bind('tenant-7'), context: 'tenant-8' };

    expect(outcomeOf(header)).toBe('CONTEXT_MISMATCH');
    expect(outcomeOf({ ...header, isOurs: false })).toBe(FAILED);
  });

  it('the context is reported before the length', () => {
    expect(outcomeOf({ ...regions, bind: bind('tenant-7', 184), context: 'tenant-8' })).toBe('CONTEXT_MISMATCH');
    expect(outcomeOf({ ...regions, bind: bind('tenant-7', 184), context: 'tenant-7' })).toBe(FAILED);
  });
});
