/**
 * Inspects an entity. Its encryption data is in plaintext, but the list of sealed properties is not. Without a key, any binary
 * property that consists of whole cipher blocks may be sealed.
 */
import type { TableClient } from '@azure/data-tables';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { storedProtocolOf } from '../envelope/envelope.js';
import { isOldJava } from '../protocol/protocol.js';
import { AnyEntity, type Row } from '../table/entity-context.js';
import { openRow, valuesOf } from '../table/opened-row.js';
import { isKey, isSystemProperty } from '../table/reserved-names.js';
import { storedRow } from '../table/service-answer.js';
import { hasSealedLength } from '../table/stored-value.js';
import type { EncryptionData } from '../wire/encryption-data.js';
import { ENCRYPTION_DATA_PROPERTY, isReservedProperty, SEALED_NAMES_PROPERTY } from '../wire/entity-metadata.js';
import { type ReadContent, verification } from './inspection-key.js';
import type { Anomaly, Facts, Finding } from './report.js';
import { inspectEnvelope } from './stored-envelope.js';

interface EntityInspection {
  readonly client: TableClient;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly policy: EncryptionPolicy | null;
}

export async function inspectEntity(inspection: EntityInspection): Promise<Finding> {
  const { client, partitionKey, rowKey, policy } = inspection;
  const row: Row = await storedRow(client, { partitionKey, rowKey });
  const text = row[ENCRYPTION_DATA_PROPERTY];
  const list = row[SEALED_NAMES_PROPERTY];
  const stored = storedFacts(row);
  if (typeof text !== 'string') return withoutData(text, list, stored);

  const envelope = inspectEnvelope(text, 'entity');
  const data = envelope.usable?.data;
  const verified =
    policy === null || data === undefined
      ? {}
      : { verification: await verification(envelope, () => openAll(inspection, policy, row)) };
  return {
    facts: { ...stored, encrypted: true, ...envelope.facts, ...candidates(row) },
    anomalies: [...envelope.anomalies, ...listAnomalies(list, data), ...protocolAnomalies(data)],
    notes: [...envelope.notes, ...javaNotes(data), ...listNotes(list)],
    ...verified,
  };
}

const storedFacts = (row: Row): Facts => ({
  properties: Object.keys(row).filter((name) => isOwn(name)).length,
  etag: typeof row['etag'] === 'string' ? row['etag'] : undefined,
  lastModified: typeof row['timestamp'] === 'string' ? row['timestamp'] : undefined,
});

const isOwn = (name: string): boolean => !isKey(name) && !isSystemProperty(name) && !isReservedProperty(name);

function withoutData(text: unknown, list: unknown, facts: Facts): Finding {
  const code = text === undefined && list === undefined ? 'NOT_ENCRYPTED' : 'METADATA_INCOMPLETE';
  const reason =
    code === 'NOT_ENCRYPTED'
      ? 'the entity has no encryption data: it is plaintext, or the encryption data was lost'
      : `${ENCRYPTION_DATA_PROPERTY} is ${text === undefined ? 'missing' : 'not text'}, so the key is unknown`;
  return { facts: { ...facts, encrypted: code !== 'NOT_ENCRYPTED' }, anomalies: [{ code, text: reason }], notes: [] };
}

/** Binary properties that have the length of sealed ones. */
function candidates(row: Row): Facts {
  const sealed = Object.entries(row).filter(
    ([name, value]) => isOwn(name) && value instanceof Uint8Array && hasSealedLength(value),
  );
  return { mayBeSealed: Object.fromEntries(sealed.map(([name, value]) => [name, (value as Uint8Array).length])) };
}

function listAnomalies(list: unknown, data: EncryptionData | undefined): Anomaly[] {
  if (list === undefined) {
    // the old Java SDK leaves it out if it sealed nothing
    if (data === undefined || isOldJava(data.field)) return [];
    return [{ code: 'LIST_MISSING', text: `${SEALED_NAMES_PROPERTY} is missing: only the old Java SDK writes none` }];
  }
  if (!(list instanceof Uint8Array)) {
    return [{ code: 'LIST_NOT_BINARY', text: `${SEALED_NAMES_PROPERTY} is not binary: the list cannot be decrypted` }];
  }
  return hasSealedLength(list)
    ? []
    : [
        {
          code: 'LIST_LENGTH',
          text: `${SEALED_NAMES_PROPERTY} has ${list.length} bytes, which is not a whole number of blocks`,
        },
      ];
}

const protocolAnomalies = (data: EncryptionData | undefined): Anomaly[] =>
  data === undefined || storedProtocolOf(data).forms.includes('entity')
    ? []
    : [{ code: 'PROTOCOL_NOT_FOR_ENTITIES', text: `no SDK writes entities in protocol ${data.protocol}` }];

const javaNotes = (data: EncryptionData | undefined): string[] =>
  data !== undefined && isOldJava(data.field)
    ? ['IVs of properties use the key order of the old Java SDK: PartitionKey before RowKey']
    : [];

const listNotes = (list: unknown): string[] =>
  list === undefined ? [] : ['the names of the sealed properties are sealed too: you need the key to read them'];

/** Uses the rules of the table client: a row that no client can read is not verified. */
async function openAll(
  { client, partitionKey, rowKey }: EntityInspection,
  policy: EncryptionPolicy,
  row: Row,
): Promise<ReadContent> {
  const context = { policy, account: '', table: client.tableName, entityClass: AnyEntity };
  const opened = await openRow({ ...row, partitionKey, rowKey }, context);
  const { texts, covered } = opened;
  valuesOf(opened, new Map());
  const plaintextBytes = [...texts.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  return {
    plaintextBytes,
    sealedProperties: [...texts.keys()],
    signedProperties: covered === null ? undefined : [...covered],
  };
}
