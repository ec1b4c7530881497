/** What other SDKs stored, and known answers with integrity entries (test/vectors), as the seeds of fuzzing. */
import { readFileSync } from 'node:fs';
import { AesKeyEncryptionKey, type KeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import { projectPath } from '../../support/project.js';

const FILES = ['blob-v1', 'blob-v2', 'queue-v1', 'queue-v2', 'table-v1', 'synthetic', 'dotnet-v12', 'dotnet-legacy'];
/** The longest ciphertext used as a seed; longer ones find nothing more and take long. */
const MAX_LENGTH = 4_000;

interface Kek {
  readonly kty: string;
  readonly k: string;
  readonly kid: string;
}

/** The members that the decoders need. */
export interface Vector {
  readonly id: string;
  readonly service: 'blob' | 'queue' | 'table';
  readonly protocol: string;
  readonly kek: string;
  readonly blobType?: 'block' | 'page';
  readonly encoding?: string;
  readonly encrypted?: boolean;
  readonly encryptedProperties?: readonly string[];
  /** Properties in plaintext that the integrity entries cover. */
  readonly signedProperties?: readonly string[];
  readonly entity?: { readonly PartitionKey: string; readonly RowKey: string };
  readonly stored: {
    readonly base64?: string;
    readonly length?: number;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly messageText?: string;
    readonly fullmetadata?: Readonly<Record<string, unknown>>;
  };
}

export interface Seed extends Vector {
  readonly key: KeyEncryptionKey;
  /** Whether it has integrity entries, which reveal any change in every protocol. */
  readonly isBound: boolean;
  /** The text that it is bound to, in addition to its bytes. */
  readonly context?: string;
}

/** Vectors of a service that AES keys open: RSA keys would take most of the time of a round. */
export function seedsOf(service: Vector['service']): readonly Seed[] {
  return FILES.flatMap((file) => {
    const { keks, cases } = JSON.parse(readFileSync(projectPath(`test/vectors/${file}.json`), 'utf8')) as {
      readonly keks: Readonly<Record<string, Kek>>;
      readonly cases: readonly Vector[];
    };
    return cases
      .filter((vector) => vector.service === service && (vector.stored.length ?? 0) <= MAX_LENGTH)
      .filter(({ kek }) => keks[kek]?.kty === 'oct')
      .map((vector) => {
        const { kid, k } = keks[vector.kek]!;
        return { ...vector, key: AesKeyEncryptionKey.fromBase64(kid, k), isBound: false };
      });
  });
}

interface BoundCase {
  readonly id: string;
  readonly kind: 'stream' | 'pages' | 'message' | 'entity';
  readonly protocol: string;
  readonly context?: string;
  readonly partitionKey?: string;
  readonly rowKey?: string;
  readonly sealed?: Readonly<Record<string, string>>;
  readonly signed?: Readonly<Record<string, { readonly type: string; readonly json: unknown }>>;
  readonly stored: {
    readonly encryptiondata?: string;
    readonly body?: string;
    readonly text?: string;
    readonly sealed?: Readonly<Record<string, string>>;
    readonly _ClientEncryptionMetadata1?: string;
    readonly _ClientEncryptionMetadata2?: string;
  };
}

const KINDS = { blob: ['stream', 'pages'], queue: ['message'], table: ['entity'] } as const;

/** Objects with integrity entries. */
export function boundSeedsOf(service: Vector['service']): readonly Seed[] {
  const { kek, cases } = JSON.parse(readFileSync(projectPath('test/vectors/integrity.json'), 'utf8')) as {
    readonly kek: { readonly id: string; readonly hex: string };
    readonly cases: readonly BoundCase[];
  };
  const key = AesKeyEncryptionKey.fromBase64(kek.id, Buffer.from(kek.hex, 'hex').toString('base64'));
  const kinds: readonly string[] = KINDS[service];
  return cases
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ context, ...vector }) => ({
      ...{ id: vector.id, service, protocol: vector.protocol, kek: kek.id, key, isBound: true, encrypted: true },
      ...(context === undefined ? {} : { context }),
      ...(service === 'table' ? boundRow(vector) : boundContent(vector)),
    }));
}

const boundContent = ({ kind, stored: { encryptiondata, body = '', text } }: BoundCase): Pick<Vector, 'stored'> => ({
  ...{ blobType: kind === 'pages' ? 'page' : 'block' },
  stored: {
    ...(encryptiondata === undefined ? {} : { metadata: { encryptiondata } }),
    ...(text === undefined ? {} : { messageText: text }),
    base64: Buffer.from(body, 'hex').toString('base64'),
  },
});

/** As returned by the service with full metadata. */
function boundRow({ partitionKey = '', rowKey = '', sealed = {}, signed = {}, stored }: BoundCase) {
  const binary = { ...stored.sealed, _ClientEncryptionMetadata2: stored._ClientEncryptionMetadata2 };
  const typed = [
    ...Object.entries(binary).map(([name, value]) => [name, 'Binary', value] as const),
    ...Object.entries(signed).map(([name, { type, json }]) => [name, type, json] as const),
  ];
  const row = Object.fromEntries(
    typed.flatMap(([name, type, value]) => [
      [`${name}@odata.type`, `Edm.${type}`],
      [name, value],
    ]),
  );
  return {
    encryptedProperties: Object.keys(sealed),
    signedProperties: Object.keys(signed),
    entity: { PartitionKey: partitionKey, RowKey: rowKey },
    stored: {
      fullmetadata: {
        ...{ 'odata.etag': 'W/"1"', PartitionKey: partitionKey, RowKey: rowKey, Timestamp: '2026-01-02T03:04:05Z' },
        ...row,
        _ClientEncryptionMetadata1: stored._ClientEncryptionMetadata1,
      },
    },
  };
}
