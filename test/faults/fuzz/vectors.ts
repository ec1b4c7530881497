/** What other SDKs stored (test/vectors), as the seeds of fuzzing. */
import { readFileSync } from 'node:fs';
import { AesKeyEncryptionKey, type KeyEncryptionKey } from 'nestjs-azure-encrypted-storage';
import { projectPath } from '../../support/project.js';

const FILES = ['blob-v1', 'blob-v2', 'queue-v1', 'queue-v2', 'table-v1', 'synthetic'];
/** Longest ciphertext that is a seed; longer ones say nothing more and take long. */
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
}

/** Vectors of a service that AES keys open: an RSA key would spend the time of a round on itself. */
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
        return { ...vector, key: AesKeyEncryptionKey.fromBase64(kid, k) };
      });
  });
}
