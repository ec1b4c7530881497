/** Known answers for integrity entries, made by a separate program: each key, input and MAC, and each stored object. */
import { readFileSync } from 'node:fs';
import { runAll } from '../../src/crypto/byte-transform.js';
import { importContentKey } from '../../src/crypto/content-key.js';
import { hmac, type MacKey } from '../../src/crypto/hmac.js';
import { openEnvelope } from '../../src/envelope/envelope.js';
import { AesKeyEncryptionKey, type EncryptionPolicy } from 'nestjs-azure-encrypted-storage';
import { BIND_ENTRY, storedEntries } from '../../src/envelope/integrity/entries.js';
import { isFlaggedKey } from '../../src/envelope/integrity/flag.js';
import { headerInput } from '../../src/envelope/integrity/header.js';
import { ciphertextKey, contextTag, headerMac, underPropertyKey } from '../../src/envelope/integrity/integrity-keys.js';
import { parseBind, SHORT_TAG_LENGTH } from '../../src/envelope/integrity/bind.js';
import {
  formatPropertyTags,
  placesOfSigned,
  signedProperty,
  type SignedValue,
  type TaggedProperty,
  writeTag,
} from '../../src/envelope/integrity/property-tags.js';
import { bindShapeOf } from '../../src/envelope/integrity/sealing.js';
import type { ContentForm } from '../../src/protocol/protocol.js';
import { storedProtocol } from '../../src/protocol/registry.js';
import { parseEncryptionData } from '../../src/wire/encryption-data.js';

interface IntegrityCase {
  readonly id: string;
  readonly kind: ContentForm;
  readonly protocol: string;
  readonly cek: string;
  readonly keys: Readonly<Record<'header' | 'content' | 'property' | 'context', string>>;
  readonly headerInput: string;
  readonly mac: string;
  readonly entries: Readonly<Record<string, string>>;
  readonly context?: string;
  readonly plaintext?: string;
  readonly partitionKey?: string;
  readonly rowKey?: string;
  readonly sealed?: Readonly<Record<string, string>>;
  readonly signedValues?: Readonly<Record<string, { readonly type: SignedValue['type']; readonly value: string }>>;
  readonly stored: Readonly<Record<string, unknown>>;
}

const vectors = JSON.parse(readFileSync('test/vectors/integrity.json', 'utf8')) as {
  readonly kek: { readonly id: string; readonly hex: string };
  readonly cases: readonly IntegrityCase[];
  readonly negative: readonly {
    readonly id: string;
    readonly of: string;
    readonly change: string;
    readonly code: string;
  }[];
};
const hex = (text = ''): Buffer => Buffer.from(text, 'hex');
const kek = AesKeyEncryptionKey.fromBase64(vectors.kek.id, hex(vectors.kek.hex).toString('base64'));
const all = vectors.cases.map((vector) => [vector.id, vector] as const);
const contents = all.filter(([, { kind }]) => kind !== 'entity');
const entities = all.filter(([, { kind }]) => kind === 'entity');

const policyOf = ({ context }: Pick<IntegrityCase, 'context'>): EncryptionPolicy => ({
  protocol: '1.0',
  keyResolver: () => kek,
  requireEncryption: true,
  integrity: 'require',
  ...(context === undefined ? {} : { context: () => context }),
});

const textOf = ({ stored }: IntegrityCase): string =>
  (stored['encryptiondata'] ?? stored['_ClientEncryptionMetadata1'] ?? encryptionDataIn(stored)) as string;
const encryptionDataIn = (stored: IntegrityCase['stored']): string =>
  JSON.stringify((JSON.parse(String(stored['text'])) as { EncryptionData: object }).EncryptionData);
const derived = (key: MacKey): string => key.export().toString('hex');
const listOf = ({ stored }: IntegrityCase): Buffer =>
  Buffer.from(String(stored['_ClientEncryptionMetadata2']), 'base64');

it.each(all)('derives the keys and the MAC of %s', (_id, vector) => {
  const key = importContentKey(hex(vector.cek));
  const { field, additions, algorithm } = parseEncryptionData(textOf(vector));
  const protocol = storedProtocol(vector.protocol, algorithm);
  const types = additions.get('AzCseTypes') as string | undefined;
  const entries = storedEntries(additions)!;
  const { partitionKey, rowKey } = vector;
  const entity =
    partitionKey === undefined || rowKey === undefined
      ? {}
      : { entity: { partitionKey, rowKey, list: listOf(vector), ...(types === undefined ? {} : { types }) } };

  const input = headerInput({ protocol, form: vector.kind, field, ...entity }, entries);

  expect(isFlaggedKey(hex(vector.cek))).toBe(true);
  expect(derived(ciphertextKey(key))).toBe(vector.keys.content);
  expect(underPropertyKey(key, (bytes) => Buffer.from(bytes).toString('hex'))).toBe(vector.keys.property);
  expect(headerMac(key, input)).toEqual(hmac(hex(vector.keys.header), input));
  expect(input.toString('hex')).toBe(vector.headerInput);
  expect(headerMac(key, input).toString('hex')).toBe(vector.mac);
  expect(entries.mac.toString('hex')).toBe(vector.mac);
  const bind = parseBind(vector.entries[BIND_ENTRY]!, bindShapeOf({ protocol, form: vector.kind }));
  if (vector.context !== undefined) expect(bind.context).toEqual(contextTag(key, vector.context));
});

it.each(contents)('%s is read, under "require"', async (_id, vector) => {
  const { target, body, text } = storedOf(vector);
  const opener = await openEnvelope(policyOf(vector), parseEncryptionData(text), {
    target,
    form: vector.kind,
    storedLength: body.length,
  });

  const opened = runAll(opener.open(opener.layout.window({ offset: 0 }, body.length)), body);

  expect(opened.toString('hex')).toBe(vector.plaintext);
});

it.each(contents)('%s is rejected with any byte changed, added or removed', async (_id, vector) => {
  const { target, body, text } = storedOf(vector);
  const read = async (sealed: Buffer): Promise<Buffer> => {
    const opener = await openEnvelope(policyOf(vector), parseEncryptionData(text), {
      target,
      form: vector.kind,
      storedLength: sealed.length,
    });
    return runAll(opener.open(opener.layout.window({ offset: 0 }, sealed.length)), sealed);
  };
  const changed = Array.from(body.keys(), (at) => {
    const other = Buffer.from(body);
    other.writeUInt8(other.readUInt8(at) ^ 1, at);
    return other;
  });
  const others: Buffer[] = [Buffer.concat([body, Buffer.alloc(1)]), Buffer.concat([body, Buffer.alloc(16)])];
  if (body.length > 0) others.push(body.subarray(0, -1), body.subarray(0, -16), Buffer.alloc(0));

  for (const sealed of [...changed, ...others]) {
    await expect(read(sealed)).rejects.toMatchObject({
      code: expect.stringMatching(/^(DECRYPTION_FAILED|REGION_OUT_OF_ORDER)$/) as string,
    });
  }
});

/** Which content of a known answer is read, and how. */
interface Attempt {
  readonly text: string;
  readonly body: Buffer;
  readonly kind: ContentForm;
  readonly policy: EncryptionPolicy;
}

/** The changes that the file describes in words. `moved` is one of a row: integrity-rows.spec.ts has it. */
const CHANGES: Readonly<Record<string, (whole: Attempt) => Partial<Attempt>>> = {
  stripped: ({ text, policy }) => ({
    text: text.replace(/,"AzCse\w+":"[^"]*"/g, ''),
    policy: { ...policy, integrity: 'verify' },
  }),
  'other-kind': () => ({ kind: 'message' }),
  'last-region-cut': ({ body }) => ({ body: body.subarray(0, -36) }),
  iv: ({ text }) => ({
    text: text.replace(/(?<="ContentEncryptionIV":")[^"]*/, flipped),
  }),
  'wrong-context': ({ policy }) => ({ policy: { ...policy, context: () => 'tenant-8' } }),
};

function flipped(iv: string): string {
  const bytes = Buffer.from(iv, 'base64');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 0x80, 0);
  return bytes.toString('base64');
}

it('every rejection that the file describes is tested', () => {
  expect(vectors.negative.map(({ id }) => id).sort()).toEqual([...Object.keys(CHANGES), 'moved'].sort());
});

it.each(vectors.negative.filter(({ id }) => id !== 'moved'))('$of is rejected: $change', async (negative) => {
  const vector = vectors.cases.find(({ id }) => id === negative.of)!;
  const { target, body, text } = storedOf(vector);
  const whole: Attempt = { text, body, kind: vector.kind, policy: policyOf(vector) };
  const read = async ({ policy, ...changed }: Attempt): Promise<Buffer> => {
    const context = { target, form: changed.kind, storedLength: changed.body.length };
    const opener = await openEnvelope(policy, parseEncryptionData(changed.text), context);
    return runAll(opener.open(opener.layout.window({ offset: 0 }, changed.body.length)), changed.body);
  };

  expect((await read(whole)).toString('hex')).toBe(vector.plaintext);
  await expect(read({ ...whole, ...CHANGES[negative.id]!(whole) })).rejects.toMatchObject({ code: negative.code });
});

it.each(entities)('computes the tags of the properties of %s', (_id, vector) => {
  const names = Object.keys(vector.sealed ?? {});
  const bind = parseBind(vector.entries[BIND_ENTRY]!, 'properties');
  const stored = vector.stored['sealed'] as Record<string, string>;
  const sealed = new Map(names.map((name) => [name, Buffer.from(stored[name]!, 'base64')]));
  const values = Object.entries(vector.signedValues ?? {});
  const signed = new Map(values.map(([name, { type, value }]) => [name, { type, bytes: hex(value) }]));

  const tags = underPropertyKey(importContentKey(hex(vector.cek)), (key) =>
    formatPropertyTags(key, { sealed, signed }),
  );

  expect(tags).toEqual(bind.properties);
  const places = placesOfSigned(tags, names);
  expect([...places.keys()].sort()).toEqual([...signed.keys()].sort());
  for (const [name, at] of places) {
    expect(tags.subarray(at, at + SHORT_TAG_LENGTH)).toEqual(tagOf(vector, signedProperty(name, signed.get(name)!)));
  }
});

function tagOf({ cek }: IntegrityCase, property: TaggedProperty): Buffer {
  const into = Buffer.alloc(SHORT_TAG_LENGTH);
  underPropertyKey(importContentKey(hex(cek)), (key) => writeTag(key, property, { into, at: 0 }));
  return into;
}

function storedOf(vector: IntegrityCase) {
  const text = textOf(vector);
  if (vector.kind === 'message') {
    const { EncryptedMessageContents } = JSON.parse(String(vector.stored['text'])) as Record<string, string>;
    const body = Buffer.from(EncryptedMessageContents!, 'base64');
    return { text, body, target: { kind: 'queue', account: 'a', queue: 'q' } as const };
  }
  const target = { kind: 'blob', account: 'a', container: 'c', blob: 'b' } as const;
  return { text, body: hex(String(vector.stored['body'])), target };
}
