/**
 * An entity: its encryption data stands in clear, the list of sealed properties does not. Without a key any binary property of
 * whole cipher blocks may be one.
 */
import type { TableClient } from '@azure/data-tables';
import type { EncryptionPolicy } from '../envelope/encryption-policy.js';
import { openEnvelope, storedProtocolOf } from '../envelope/envelope.js';
import { InvalidEncryptionDataError } from '../errors/content.js';
import type { ContentOpener, PropertyPlace } from '../protocol/protocol.js';
import type { EncryptionData } from '../wire/encryption-data.js';
import {
  ENCRYPTION_DATA_PROPERTY,
  isReservedProperty,
  parseSealedNames,
  SEALED_NAMES_PROPERTY,
} from '../wire/entity-metadata.js';
import { verification } from './inspection-key.js';
import type { Anomaly, Facts, Finding } from './report.js';
import { inspectEnvelope, type StoredEnvelope } from './stored-envelope.js';

export interface EntityInspection {
  readonly client: TableClient;
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly policy: EncryptionPolicy | null;
}

type Row = Readonly<Record<string, unknown>>;

const BLOCK_LENGTH = 16;
/** Set by the SDK, or no property of the user's. */
const OTHERS = new Set(['partitionKey', 'rowKey', 'timestamp', 'etag']);

export async function inspectEntity(inspection: EntityInspection): Promise<Finding> {
  const { client, partitionKey, rowKey, policy } = inspection;
  const row: Row = await client.getEntity(partitionKey, rowKey);
  const text = row[ENCRYPTION_DATA_PROPERTY];
  const list = row[SEALED_NAMES_PROPERTY];
  const stored = storedFacts(row);
  if (typeof text !== 'string') return withoutData(text, list, stored);

  const envelope = inspectEnvelope(text, 'entity');
  const data = envelope.usable?.data;
  const verified =
    policy === null || data === undefined
      ? {}
      : { verification: await verification(() => openAll(inspection, row, data)) };
  return {
    facts: { ...stored, encrypted: true, ...envelope.facts, ...candidates(row) },
    anomalies: [...envelope.anomalies, ...listAnomalies(list), ...protocolAnomalies(data)],
    notes: [...envelope.notes, ...javaNotes(envelope), ...listNotes(list)],
    ...verified,
  };
}

const storedFacts = (row: Row): Facts => ({
  properties: Object.keys(row).filter((name) => isOwn(name)).length,
  etag: typeof row['etag'] === 'string' ? row['etag'] : undefined,
  lastModified: typeof row['timestamp'] === 'string' ? row['timestamp'] : undefined,
});

const isOwn = (name: string): boolean => !OTHERS.has(name) && !name.startsWith('odata.') && !isReservedProperty(name);

function withoutData(text: unknown, list: unknown, facts: Facts): Finding {
  const code = text === undefined && list === undefined ? 'NOT_ENCRYPTED' : 'METADATA_INCOMPLETE';
  const reason =
    code === 'NOT_ENCRYPTED'
      ? 'the entity has no encryption data: it is plaintext, or lost it'
      : `${ENCRYPTION_DATA_PROPERTY} is ${text === undefined ? 'missing' : 'not text'}: nothing tells the key`;
  return { facts: { ...facts, encrypted: code !== 'NOT_ENCRYPTED' }, anomalies: [{ code, text: reason }], notes: [] };
}

/** Binary properties that have the length of sealed ones. */
function candidates(row: Row): Facts {
  const sealed = Object.entries(row).filter(
    ([name, value]) => isOwn(name) && value instanceof Uint8Array && isSealedLength(value),
  );
  return { mayBeSealed: Object.fromEntries(sealed.map(([name, value]) => [name, (value as Uint8Array).length])) };
}

const isSealedLength = ({ length }: Uint8Array): boolean => length > 0 && length % BLOCK_LENGTH === 0;

function listAnomalies(list: unknown): Anomaly[] {
  if (list === undefined) return [];
  if (!(list instanceof Uint8Array)) {
    return [{ code: 'LIST_NOT_BINARY', text: `${SEALED_NAMES_PROPERTY} is not binary: the list cannot be decrypted` }];
  }
  return isSealedLength(list)
    ? []
    : [{ code: 'LIST_LENGTH', text: `${SEALED_NAMES_PROPERTY} has ${list.length} bytes: no whole number of blocks` }];
}

const protocolAnomalies = (data: EncryptionData | undefined): Anomaly[] =>
  data === undefined || storedProtocolOf(data).forms.includes('entity')
    ? []
    : [{ code: 'PROTOCOL_NOT_FOR_ENTITIES', text: `no SDK writes entities in protocol ${data.protocol}` }];

const javaNotes = ({ library, usable }: StoredEnvelope): string[] =>
  usable !== undefined && (library === null ? hasNoLibrary(usable.data) : library.includes('Java'))
    ? ['IVs of properties are made in the order of the old Java SDK: PartitionKey before RowKey']
    : [];

const hasNoLibrary = ({ field }: EncryptionData): boolean => (field('KeyWrappingMetadata') ?? null) === null;

const listNotes = (list: unknown): string[] =>
  list === undefined
    ? [`${SEALED_NAMES_PROPERTY} is missing: the old Java SDK leaves it out where it sealed nothing`]
    : ['the names of the sealed properties are sealed themselves: it takes the key to tell which they are'];

/** Opens the list, then every property in it that is stored. */
async function openAll(
  { client, partitionKey, rowKey, policy }: EntityInspection,
  row: Row,
  data: EncryptionData,
): Promise<{ plaintextBytes: number; sealedProperties: readonly string[] }> {
  const target = { kind: 'table', account: '', table: client.tableName, partitionKey, rowKey } as const;
  const opener = await openEnvelope(policy as EncryptionPolicy, data, { target, form: 'entity' });
  const openNamed = (name: string): Buffer => openProperty(opener, { partitionKey, rowKey, name }, row[name]);
  const list = row[SEALED_NAMES_PROPERTY];
  const names = list === undefined ? [] : parseSealedNames(openNamed(SEALED_NAMES_PROPERTY));
  const present = names.filter((name) => row[name] !== undefined);
  const plaintextBytes = present.reduce((sum, name) => sum + openNamed(name).length, 0);
  return { plaintextBytes, sealedProperties: present };
}

function openProperty(opener: ContentOpener, place: PropertyPlace, value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new InvalidEncryptionDataError(`property "${place.name}" is not binary`);
  const opened = opener.openProperty?.(place, value);
  if (opened === undefined) throw new InvalidEncryptionDataError('its protocol has no entities');
  return opened;
}
