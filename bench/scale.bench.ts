/** The cost of larger content, which must not grow by the byte, and of more keys. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AesKeyEncryptionKey, type KeyEncryptionKey, KeyRing } from 'nestjs-azure-encrypted-storage';
import { messageEnvelope } from './support/internals.js';
import type { Lab, Subject } from './support/lab.js';
import { peakMemory } from './support/memory.js';
import { perOperation } from './support/operations.js';
import type { Row } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { type Sample, takeSample } from './support/sample.js';
import type { ContentKind } from './support/stored-content.js';
import { MIB, prepared, type Transfer } from './support/transfer.js';

const LENGTHS = [1, 16, 256, 1024, 4096].map((mib) => mib * MIB);
const KEY_COUNTS = [10, 100, 1000, 10_000, 100_000];
const READS = 500;
const ROUNDS = 3;

export const scale: Subject = {
  name: 'scale',
  run: async (lab) => [...(await growingContent(lab)), ...(await growingKeys(lab))],
};

async function growingContent(lab: Lab): Promise<Row[]> {
  const rows: Row[] = [];
  await lab.server.pace(0);
  for (const direction of ['upload', 'download'] as const) {
    for (const length of lab.isQuick ? LENGTHS.slice(0, 2) : LENGTHS) {
      rows.push(...(await grown(lab, { direction, medium: 'stream', length, concurrency: 4 })));
    }
  }
  return rows;
}

async function grown(lab: Lab, transfer: Transfer): Promise<Row[]> {
  const take = (kind: ContentKind) => async () =>
    takeSample(await prepared(lab.blobs.client(kind, `${kind}-${transfer.length}`), transfer, lab.materials));
  const name = `${transfer.direction} stream, ${transfer.length / MIB} MiB`;
  const rounds = lab.isQuick || transfer.length > 1024 * MIB ? 1 : ROUNDS;
  const found = await lab.measure(name, { plain: take('plain'), '1.0': take('1.0'), '2.0': take('2.0') }, rounds);
  const memory = async (kind: ContentKind): Promise<number> => peakMemory(lab.server.url, kind, transfer);
  const plainMemory = await memory('plain');
  const rate = (kind: ContentKind): number =>
    transfer.length / 1e6 / medianOf<Sample>(found[kind], ({ seconds }) => seconds);
  const rows: Row[] = [];
  for (const protocol of ['1.0', '2.0'] as const) {
    const peak = await memory(protocol);
    rows.push({
      subject: 'scale: content',
      case: `${name} (peak ${Math.round(peak)} MiB of memory)`,
      protocol,
      unit: 'MB/s',
      plain: rate('plain'),
      encrypted: rate(protocol),
      ratio: rate(protocol) / rate('plain'),
      memoryAdded: peak - plainMemory,
      quiet: found[protocol].quiet,
    });
  }
  return rows;
}

/** Messages under this number of keys, read in turn through a resolver. */
async function growingKeys(lab: Lab): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of lab.isQuick ? KEY_COUNTS.slice(0, 3) : KEY_COUNTS) rows.push(...(await withKeys(lab, count)));
  return rows;
}

async function withKeys(lab: Lab, count: number): Promise<Row[]> {
  const keys = Array.from({ length: count }, (_, i) => remoteLike(AesKeyEncryptionKey.generate(`key:${i}`)));
  const ring = new KeyRing(keys);
  // spread over all keys, so that no processor cache holds them
  const picked = Array.from({ length: READS }, (_, i) => keys[Math.floor((i * count) / READS)]!);
  const texts = await Promise.all(
    picked.map((key) => messageEnvelope.sealMessage('x'.repeat(1024), contextOf({ keyEncryptionKey: key }))),
  );
  const rows: Row[] = [];
  for (const [what, options] of [
    ['resolver', { unwrapCache: false }],
    ['resolver and cache', {}],
  ] as const) {
    const context = contextOf({ keyResolver: ring.resolve, ...options });
    const before = heapInUse();
    const found = await lab.compare(`${count} keys, ${what}`, {
      open: perOperation(READS, (index) => messageEnvelope.openMessage(texts[index]!, context)),
    });
    rows.push({
      subject: 'scale: keys',
      case: `open a message under one of ${count} key ids, ${what}`,
      protocol: '2.0',
      unit: 'us',
      encrypted: medianOf(found.open, (us) => us),
      memoryAdded: (heapInUse() - before) / MIB,
      quiet: found.open.quiet,
    });
  }
  return rows;
}

const contextOf = (policy: object) => ({
  policy: { protocol: '2.0' as const, requireEncryption: true, ...policy },
  target: { kind: 'queue', account: 'bench', queue: 'bench' } as const,
  form: 'message' as const,
  encoding: 'text' as const,
});

/** AES keys of the package are never cached, because unwrapping is as cheap. Any other key is cached. */
const remoteLike = (key: AesKeyEncryptionKey): KeyEncryptionKey => ({
  keyId: key.keyId,
  wrapKey: (contentKey) => key.wrapKey(contentKey),
  unwrapKey: (encryptedKey, algorithm) => key.unwrapKey(encryptedKey, algorithm),
});

/** Reachable bytes. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
