/** The tested SDKs: where each one runs, and which protocols it writes and reads. */
import { connectionString } from '../../support/azurite.js';
import { PeerProcess } from './peer-process.js';

export type Protocol = '1.0' | '2.0' | '2.1';

export interface Peer {
  /** Its name in the matrix. */
  readonly title: string;
  readonly version: string;
  readonly runtime: 'debian' | 'pypi' | 'java';
  /** Python: the module; Java: the artifact. */
  readonly sdk: string;
  /** Python's 12.x and Java's current SDK, or their predecessors. */
  readonly generation: 'current' | 'legacy';
  readonly writes: readonly Protocol[];
  readonly reads: readonly Protocol[];
}

const V1: readonly Protocol[] = ['1.0'];
const V2: readonly Protocol[] = ['1.0', '2.0'];
const ALL: readonly Protocol[] = ['1.0', '2.0', '2.1'];

type Row = readonly [
  version: string,
  runtime: Peer['runtime'],
  sdk: string,
  writes: Peer['writes'],
  reads?: Peer['reads'],
];

const python = (library: string, generation: Peer['generation'], rows: readonly Row[]): readonly Peer[] =>
  rows.map(([version, runtime, sdk, writes, reads = writes]) => {
    return { title: `Python ${library} ${version}`, version, runtime, sdk, generation, writes, reads };
  });

const JAVA_LEGACY: Peer = {
  title: 'Java azure-storage 8.6.6',
  version: '8.6.6',
  runtime: 'java',
  sdk: 'azure-storage',
  generation: 'legacy',
  writes: V1,
  reads: V1,
};

export const BLOB_PEERS: readonly Peer[] = [
  ...python('azure-storage-blob', 'current', [
    ['12.31.1', 'pypi', 'azure.storage.blob', V2, ALL],
    ['12.15.0b1', 'debian', 'azure.storage.blob', V2],
    ['12.14.0b1', 'debian', 'azure.multiapi.storagev2.blob.v2021_08_06', V2],
    ['12.12.0', 'debian', 'azure.multiapi.storagev2.blob.v2021_06_08', V1],
    ['12.3.1', 'debian', 'azure.multiapi.storagev2.blob.v2019_07_07', V1],
  ]),
  ...python('azure-storage-blob', 'legacy', [
    ['2.0.1', 'debian', 'azure.multiapi.storage.v2018_11_09.blob', V1],
    ['1.2.0rc1', 'debian', 'azure.multiapi.storage.v2017_11_09.blob', V1],
    ['0.37.1', 'debian', 'azure.multiapi.storage.v2017_04_17.blob', V1],
  ]),
  {
    title: 'Java azure-storage-blob-cryptography 12.32.1',
    version: '12.32.1',
    runtime: 'java',
    sdk: 'azure-storage-blob-cryptography',
    generation: 'current',
    writes: ALL,
    reads: ALL,
  },
  JAVA_LEGACY,
];

export const QUEUE_PEERS: readonly Peer[] = [
  ...python('azure-storage-queue', 'current', [
    ['12.18.1', 'pypi', 'azure.storage.queue', V2],
    ['12.6.0b1', 'debian', 'azure.storage.queue', V2],
    ['12.3.0', 'debian', 'azure.multiapi.storagev2.queue.v2018_03_28', V1],
    ['12.1.1', 'debian', 'azure.multiapi.storagev2.queue.v2019_07_07', V1],
  ]),
  ...python('azure-storage-queue', 'legacy', [
    ['2.0.1', 'debian', 'azure.multiapi.storage.v2018_11_09.queue', V1],
    ['1.2.0rc1', 'debian', 'azure.multiapi.storage.v2017_11_09.queue', V1],
    ['0.36.0', 'debian', 'azure.multiapi.storage.v2017_04_17.queue', V1],
  ]),
  JAVA_LEGACY,
];

export const TABLE_PEERS: readonly Peer[] = [
  ...python('azure-cosmosdb-table', 'legacy', [
    ['1.0.6', 'debian', 'azure.cosmosdb.table', V1],
    ['0.37.1', 'debian', 'azure.multiapi.cosmosdb.v2017_04_17.table', V1],
  ]),
  JAVA_LEGACY,
];

/** Whether it can use keys in a vault, as the current SDKs can with their Key Vault client. */
export const hasVaultKeys = ({ runtime, generation }: Peer): boolean =>
  generation === 'current' && runtime !== 'debian';

export const isPython = ({ title }: Peer): boolean => title.startsWith('Python');

const running = new Map<string, PeerProcess>();

/** Asks the peer to act on the emulator. The first call starts its program. */
export async function ask<Value>(peer: Peer, action: string, request: object): Promise<Value> {
  const program = running.get(peer.runtime) ?? PeerProcess.start(peer.runtime);
  running.set(peer.runtime, program);
  return program.ask<Value>({ sdk: peer.sdk, account: accountOf(connectionString()), action, ...request });
}

/** Call this once in each file. */
export function stopPeersAfterAll(): void {
  afterAll(async () => {
    await Promise.all([...running.values()].map((program) => program.stop()));
    running.clear();
  });
}

function accountOf(text: string): Readonly<Record<'name' | 'key' | 'blob' | 'queue' | 'table', string>> {
  const part = (name: string): string => new RegExp(`(?:^|;)${name}=([^;]*)`).exec(text)?.[1] ?? '';
  return {
    name: part('AccountName'),
    key: part('AccountKey'),
    blob: part('BlobEndpoint'),
    queue: part('QueueEndpoint'),
    table: part('TableEndpoint'),
  };
}
