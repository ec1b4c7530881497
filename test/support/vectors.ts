/** The ciphertexts of real SDKs in test/vectors, with the keys they were encrypted with. */
import { createHash, hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importContentKey, type ContentKey } from '../../src/crypto/content-key.js';
import type { EncryptionPolicy } from '../../src/envelope/encryption-policy.js';
import { AesKeyEncryptionKey } from '../../src/keys/aes-key-encryption-key.js';
import type { KeyEncryptionKey } from '../../src/keys/key-encryption-key.js';
import { RsaKeyEncryptionKey } from '../../src/keys/rsa-key-encryption-key.js';
import { storedProtocol } from '../../src/protocol/registry.js';
import type { EncryptionData } from '../../src/wire/encryption-data.js';

const FOLDER = join(process.cwd(), 'test', 'vectors');

export interface Generator {
  readonly seed: string;
  readonly length: number;
}

interface Case {
  readonly peer?: { readonly package: string; readonly version: string };
  readonly id: string;
  readonly service: 'blob' | 'queue' | 'table';
  readonly protocol: '1.0' | '2.0' | '2.1';
  readonly kek: string;
  /** The context that the policy of the writer bound the content to. */
  readonly context?: string;
}

export interface BlobCase extends Case {
  readonly service: 'blob';
  readonly blobType: 'block' | 'page' | 'append';
  readonly check: 'decrypt' | 'reencrypt';
  readonly plaintext: {
    readonly length: number;
    readonly sha256: string;
    readonly generator?: Generator;
    readonly base64?: string;
  };
  readonly stored: {
    readonly metadata: Record<string, string>;
    readonly length: number;
    readonly sha256?: string;
    readonly base64?: string;
    readonly file?: string;
    readonly nonces?: readonly string[];
  };
}

export interface QueueCase extends Case {
  readonly service: 'queue';
  readonly encoding: 'none' | 'textbase64' | 'binarybase64' | 'xml';
  readonly encrypted: boolean;
  readonly content: { readonly text?: string; readonly base64?: string; readonly generator?: Generator };
  readonly decrypted: { readonly utf8?: string; readonly sha256?: string; readonly length?: number };
  readonly stored: { readonly messageText: string };
}

export interface TableCase extends Case {
  readonly service: 'table';
  readonly encryptedProperties: readonly string[];
  readonly javaV1?: boolean;
  readonly entity: {
    readonly PartitionKey: string;
    readonly RowKey: string;
    readonly properties: Readonly<
      Record<string, { readonly type: string; readonly value: unknown; readonly encrypt?: boolean }>
    >;
  };
  readonly stored: Readonly<Record<'fullmetadata' | 'minimalmetadata', Readonly<Record<string, unknown>>>>;
}

type AnyCase = BlobCase | QueueCase | TableCase;
type Kek =
  | { readonly kty: 'oct'; readonly k: string; readonly kid: string }
  | { readonly kty: 'RSA'; readonly pem: string; readonly kid: string };

const FILES = [
  'blob-v1',
  'blob-v2',
  'queue-v1',
  'queue-v2',
  'table-v1',
  'synthetic',
  'dotnet-v12',
  'dotnet-legacy',
] as const;

interface VectorFile {
  readonly keks: Readonly<Record<string, Kek>>;
  readonly cases: readonly AnyCase[];
}

/** What this package wrote and .NET read. */
const READ_BY_FILES = ['read-by-dotnet', 'read-by-dotnet-legacy'] as const;

/** The result of one SDK release for a case. */
export interface Reading {
  readonly sha256?: string;
  readonly utf8?: string;
  readonly base64?: string;
  readonly error?: string;
  readonly properties?: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>;
}

interface ReadBy {
  readonly readBy: Readonly<Record<string, Reading>>;
}

const alreadyRead = new Map<string, VectorFile>();

/** Read once, because the suites request the files case by case. */
function contentsOf(file: string): VectorFile {
  const contents =
    alreadyRead.get(file) ?? (JSON.parse(readFileSync(join(FOLDER, `${file}.json`), 'utf8')) as VectorFile);
  alreadyRead.set(file, contents);
  return contents;
}

/** All cases of a service, of every file, with the key of each. */
export function casesOf<S extends AnyCase['service']>(
  service: S,
): readonly (Extract<AnyCase, { service: S }> & { readonly key: KeyEncryptionKey })[] {
  return FILES.flatMap((file) => {
    const { keks, cases } = contentsOf(file);
    return cases
      .filter((found): found is Extract<AnyCase, { service: S }> => found.service === service)
      .map((found) => ({ ...found, key: keyOf(keks[found.kek] as Kek) }));
  });
}

type WithKey<C> = C & { readonly key: KeyEncryptionKey };

/** The cases of a service that this package wrote, with what each .NET release read. */
export function readByDotnet<S extends AnyCase['service']>(
  service: S,
): readonly WithKey<Extract<AnyCase, { service: S }> & ReadBy>[] {
  return READ_BY_FILES.flatMap((file) => {
    const { keks, cases } = contentsOf(file);
    return (cases as readonly (AnyCase & ReadBy)[])
      .filter((found): found is Extract<AnyCase, { service: S }> & ReadBy => found.service === service)
      .map((found) => ({ ...contextOf(found), ...found, key: keyOf(keks[found.kek] as Kek) }));
  });
}

/** The known answers of integrity entries state their context; the recordings of them do not. */
function contextOf({ id }: Pick<Case, 'id'>): Pick<Case, 'context'> {
  const context = contentsOf('integrity').cases.find((known) => `integrity-${known.id}` === id)?.context;
  return context === undefined ? {} : { context };
}

/** The arguments that name the key of a case for the command: a file written to `folder`. */
export function keyArguments({ kek, key }: WithKey<Pick<Case, 'kek'>>, folder: string): readonly string[] {
  // files use the same name for different keys
  const found = FILES.map((file) => contentsOf(file).keks[kek]).find((one) => one?.kid === key.keyId) as Kek;
  const path = join(folder, `${kek}.key`);
  writeFileSync(path, found.kty === 'oct' ? found.k : found.pem);
  return [found.kty === 'oct' ? '--key-base64-file' : '--pem-file', path, '--key-id', found.kid];
}

const keyOf = (kek: Kek): KeyEncryptionKey =>
  kek.kty === 'oct' ? AesKeyEncryptionKey.fromBase64(kek.kid, kek.k) : RsaKeyEncryptionKey.fromPem(kek.kid, kek.pem);

/** The policy that reads a case, with its key and context. */
export const readingPolicy = (key: KeyEncryptionKey, { context }: Pick<Case, 'context'> = {}): EncryptionPolicy => ({
  ...(context === undefined ? {} : { context: () => context }),
  protocol: '2.0',
  readProtocols: ['1.0', '2.0', '2.1'],
  keyResolver: (keyId) => (keyId === key.keyId ? key : null),
  requireEncryption: true,
});

const alreadyGenerated = new Map<string, Buffer>();

/** Generated once, since it takes a hash for every 32 bytes: do not modify it. */
export function generated(generator: Generator): Buffer {
  const name = `${generator.length} ${generator.seed}`;
  const bytes = alreadyGenerated.get(name) ?? generate(generator);
  alreadyGenerated.set(name, bytes);
  return bytes;
}

function generate({ seed, length }: Generator): Buffer {
  const bytes = Buffer.alloc(length);
  const input = Buffer.concat([Buffer.from(seed), Buffer.alloc(8)]);
  for (let at = 0; at * 32 < length; at += 1) {
    input.writeBigUInt64BE(BigInt(at), input.length - 8);
    hash('sha256', input, 'buffer').copy(bytes, at * 32);
  }
  return bytes;
}

/** The plaintext of a case, generated or from the file. */
export function plaintextOf({ plaintext: { generator, base64 = '' } }: BlobCase): Buffer {
  return generator === undefined ? Buffer.from(base64, 'base64') : generated(generator);
}

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The stored bytes, or `null` if the file has only their hash. */
export function storedBytes({ stored }: BlobCase): Buffer | null {
  if (stored.base64 !== undefined) return Buffer.from(stored.base64, 'base64');
  return stored.file === undefined ? null : readFileSync(join(FOLDER, stored.file));
}

/** The content key itself, for writing a vector again. */
export async function contentKeyOf(data: EncryptionData, key: KeyEncryptionKey): Promise<ContentKey> {
  const packed = await key.unwrapKey(data.wrappedKey.encryptedKey, data.wrappedKey.algorithm);
  return importContentKey(storedProtocol(data.protocol, data.algorithm).unpackKey(packed));
}
