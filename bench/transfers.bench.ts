/**
 * Uploads and downloads of entire blobs, compared with the plain SDK: at a network's pace, unpaced, and (for
 * indication) with Azurite.
 */
import { BlobServiceClient } from '@azure/storage-blob';
import { CipherThreads } from 'nestjs-azure-encrypted-storage';
import {
  type CipherRates,
  cipherRates,
  type Protocol as CipherProtocol,
  shareOfCeiling,
} from './support/cipher-rates.js';
import type { Lab, Subject } from './support/lab.js';
import { peakMemory } from './support/memory.js';
import type { Row } from './support/report.js';
import { medianOf, type Samples, type Variants } from './support/rounds.js';
import { type Sample, takeSample } from './support/sample.js';
import { type ContentKind, storedLength } from './support/stored-content.js';
import { Blobs, MIB, plainService, prepared, type Transfer } from './support/transfer.js';
import { downloadByHand, uploadByHand } from './support/transfer-by-hand.js';
import { memoryTarget, transferTargets } from './support/targets.js';

const GIB = 1024 * MIB;
const SLOW = 125e6;
const FAST = 400e6;
const UNPACED = 0;
const LENGTHS = [64 * MIB, 256 * MIB, GIB] as const;
/**
 * The minimum bytes of an unpaced sample, in several transfers if needed, because short ones depend on garbage
 * collection.
 */
const LEAST_MOVED = 256 * MIB;
/** How far plain may differ from plain. */
export const VOID_BEYOND = 0.1;
/** How often a comparison is repeated if plain differs more. */
const ATTEMPTS = 3;

type Kind = Pick<Transfer, 'direction' | 'medium'>;

interface Case extends Transfer {
  /** Bytes a second, or 0 for no limit. */
  readonly rate: number;
}

interface Named {
  readonly one: Case;
  readonly name: string;
  readonly ciphers: CipherRates;
}

const KINDS: readonly Kind[] = (['upload', 'download'] as const).flatMap((direction) =>
  (['buffer', 'stream', 'file'] as const).map((medium) => ({ direction, medium })),
);
/** The cases in which plain is compared with plain. */
const REFERENCE: readonly Kind[] = [
  { direction: 'upload', medium: 'buffer' },
  { direction: 'download', medium: 'buffer' },
];

export const transfers: Subject = {
  name: 'transfers',
  run: async (lab) => {
    const rows: Row[] = [];
    for (const one of lab.isQuick ? quickCases() : cases(lab.isFull)) rows.push(...(await compared(lab, one)));
    rows.push(...(await memoryRows(lab)));
    rows.push(...(await emulatorRows(lab)));
    return rows;
  },
};

/** 1 GiB at the slower pace takes half an hour and shows the same as 256 MiB, so only a full run includes it. */
function cases(isFull: boolean): Case[] {
  const of = (rate: number, length: number, concurrency = 4): Case[] =>
    KINDS.map((kind) => ({ ...kind, length, concurrency, rate }));
  const alone = (rate: number, length: number): Case[] =>
    of(rate, length, 1).filter(({ direction, medium }) => direction === 'upload' || medium === 'buffer');
  const at = (rate: number, lengths: readonly number[]): Case[] => [
    ...lengths.flatMap((length) => of(rate, length)),
    ...lengths.flatMap((length) => alone(rate, length)),
  ];
  return [
    ...at(SLOW, isFull ? LENGTHS : LENGTHS.filter((length) => length < GIB)),
    ...at(FAST, LENGTHS),
    ...at(UNPACED, LENGTHS),
  ];
}

const quickCases = (): Case[] => [
  ...KINDS.map((kind) => ({ ...kind, length: 32 * MIB, concurrency: 4, rate: FAST })),
  ...REFERENCE.map((kind) => ({ ...kind, length: 32 * MIB, concurrency: 1, rate: UNPACED })),
];

type Variant = ContentKind | `${'1.0' | '2.0'} ${'thread' | 'by hand'}`;

/** One case with plain, 1.0 and 2.0 in turn, and for uploads from memory also on a worker thread. */
async function compared(lab: Lab, one: Case): Promise<Row[]> {
  await lab.server.pace(one.rate);
  const name = caseName(one);
  const threads = new CipherThreads(1);
  const take = (kind: ContentKind) => () => sampleOf(lab, { kind }, one);
  const onThread = (kind: ContentKind) => () => sampleOf(lab, { kind, threads }, one);
  const byHand = (kind: ContentKind) => () => sampleOf(lab, { kind, isByHand: true }, one);
  const variants = {
    plain: take('plain'),
    '1.0': take('1.0'),
    '2.0': take('2.0'),
    ...(isThreaded(one) ? { '1.0 thread': onThread('1.0'), '2.0 thread': onThread('2.0') } : {}),
    ...(isByHand(one) ? { '1.0 by hand': byHand('1.0'), '2.0 by hand': byHand('2.0') } : {}),
    ...(isReference(one) ? { again: take('plain') } : {}),
  } as Variants<Variant | 'again', Sample>;
  const rounds = one.length < GIB ? {} : { warmsUp: false };
  let found = await lab.compare(name, variants, rounds);
  if (isReference(one)) {
    const again = (): number => seconds(found.plain) / seconds(found.again);
    for (let attempt = 1; attempt < ATTEMPTS && !lab.isQuick && Math.abs(again() - 1) > VOID_BEYOND; attempt++) {
      lab.notes.push(`Taken again, since plain was ${again().toFixed(2)} of plain: ${name}.`);
      found = await lab.compare(name, variants, rounds);
    }
    lab.plainToPlain.push({ case: name, ratio: again() });
  }
  await threads.close();
  return rowsOf(lab, { one, name, ciphers: await cipherRates(lab) }, found);
}

const isThreaded = ({ direction, medium, concurrency }: Case): boolean =>
  direction === 'upload' && medium === 'buffer' && concurrency === 4;
/** At most 256 MiB, because a longer one would take a minute and show the same. */
const isReference = (one: Case): boolean =>
  one.concurrency === 4 && one.length <= 256 * MIB && REFERENCE.some((kind) => isSameKind(kind, one));
/** Hand-written code for the same, at the paces that have bars. */
const isByHand = (one: Case): boolean => isReference(one) && one.length <= LENGTHS[0] && one.rate !== SLOW;
const isSameKind = (a: Kind, b: Kind): boolean => a.direction === b.direction && a.medium === b.medium;
const seconds = (samples: Samples<Sample>): number => medianOf(samples, (sample) => sample.seconds);

interface Sealed {
  readonly kind: ContentKind;
  readonly threads?: CipherThreads;
  readonly isByHand?: boolean;
}

/** One transfer. The counters of the server must show that all of it was transferred. */
async function sampleOf(lab: Lab, { kind, threads, isByHand }: Sealed, one: Case): Promise<Sample> {
  const name = `${kind}-${one.length}`;
  const prepare = (): Promise<() => Promise<unknown>> =>
    isByHand === true
      ? Promise.resolve(preparedByHand(lab, kind as CipherProtocol, name, one))
      : prepared(lab.blobs.client(kind, name, threads), one, lab.materials);
  const times = one.rate === UNPACED && !lab.isQuick ? Math.max(1, LEAST_MOVED / one.length) : 1;
  const works = await Promise.all(Array.from({ length: times }, prepare));
  await lab.server.counts();
  const sample = await takeSample(async () => {
    for (const work of works) await work();
  });
  const { bytesIn, bytesOut } = await lab.server.counts();
  const moved = one.direction === 'upload' ? bytesIn : bytesOut;
  const expected = storedLength(kind, one.length) * times;
  if (moved < expected) throw new Error(`${moved} of ${expected} bytes were moved in ${caseName(one)} (${kind})`);
  return perTransfer(sample, times);
}

function preparedByHand(lab: Lab, protocol: CipherProtocol, name: string, { direction, length, concurrency }: Case) {
  const client = plainService(lab.server.url).getContainerClient('bench').getBlockBlobClient(name);
  const buffer = lab.materials.buffer(length);
  const run = direction === 'upload' ? uploadByHand : downloadByHand;
  return () => run({ client, protocol, concurrency }, buffer);
}

const perTransfer = (sample: Sample, times: number): Sample => ({
  ...sample,
  seconds: sample.seconds / times,
  cpuSeconds: sample.cpuSeconds / times,
  loopSeconds: sample.loopSeconds / times,
});

function rowsOf(lab: Lab, { one, name, ciphers }: Named, found: Partial<Record<Variant, Samples<Sample>>>): Row[] {
  const { plain, ...rest } = found;
  if (plain === undefined) return [];
  const rate = (samples: Samples<Sample>): number => one.length / 1e6 / seconds(samples);
  const variants = Object.entries(rest).filter(([variant]) => variant !== 'again');
  return variants.map(([protocol, sealed]) => {
    const added = (figure: (sample: Sample) => number): number => medianOf(sealed, figure) - medianOf(plain, figure);
    const row: Row = {
      subject: 'transfers',
      case: name,
      protocol,
      unit: 'MB/s',
      plain: rate(plain),
      encrypted: rate(sealed),
      ratio: rate(sealed) / rate(plain),
      ...ceilingShare(one, protocol, { plain: rate(plain), sealed: rate(sealed), ciphers }),
      cpuRatio: medianOf(sealed, (sample) => sample.cpuSeconds) / medianOf(plain, (sample) => sample.cpuSeconds),
      loopAdded: (added((sample) => sample.loopSeconds) * GIB) / one.length,
      delayAdded: {
        p50: added((sample) => sample.delayP50),
        p99: added((sample) => sample.delayP99),
        max: added((sample) => sample.delayMax),
      },
      quiet: sealed.quiet,
    };
    return lab.isQuick || protocol.endsWith('by hand') ? row : { ...row, targets: transferTargets(one, row) };
  });
}

/** A thread seals in parallel with the transfer, so its ceiling is different. */
function ceilingShare(
  { rate, direction }: Case,
  protocol: string,
  found: { readonly plain: number; readonly sealed: number; readonly ciphers: CipherRates },
): Pick<Row, 'ceilingShare'> {
  if (rate !== UNPACED || protocol.endsWith('thread')) return {};
  const cipher =
    found.ciphers[`${direction === 'upload' ? 'seal' : 'open'} ${protocol.slice(0, 3) as CipherProtocol}`].rate;
  return { ceilingShare: shareOfCeiling(found.sealed / found.plain, found.plain, cipher) };
}

function caseName({ direction, medium, length, concurrency, rate }: Transfer & { readonly rate?: number }): string {
  const pace = rate === undefined ? '' : rate === UNPACED ? ', unpaced' : `, at ${rate / 1e6} MB/s`;
  const size = length >= GIB ? `${length / GIB} GiB` : `${length / MIB} MiB`;
  return `${direction} ${medium} ${size}, ${concurrency} at once${pace}`;
}

/** Peak memory of a process that does one transfer and nothing else. */
async function memoryRows(lab: Lab): Promise<Row[]> {
  const rows: Row[] = [];
  await lab.server.pace(UNPACED);
  for (const length of lab.isQuick ? [32 * MIB] : [256 * MIB, GIB]) {
    for (const kind of lab.isQuick ? REFERENCE : KINDS) {
      const transfer = { ...kind, length, concurrency: 4 };
      const take = (content: ContentKind) => () => peakMemory(lab.server.url, content, transfer);
      const variants = { plain: take('plain'), '1.0': take('1.0'), '2.0': take('2.0') };
      const found = await lab.measure(`memory: ${caseName(transfer)}`, variants, lab.isQuick ? 1 : 3, false);
      rows.push(...(['1.0', '2.0'] as const).map((protocol) => memoryRow(transfer, protocol, found)));
    }
  }
  return rows;
}

function memoryRow(transfer: Transfer, protocol: '1.0' | '2.0', found: Record<ContentKind, Samples<number>>): Row {
  const of = (kind: ContentKind): number => medianOf(found[kind], (mib) => mib);
  const memoryAdded = of(protocol) - of('plain');
  return {
    subject: 'peak memory of a fresh process',
    case: caseName(transfer),
    protocol,
    unit: 'MiB',
    plain: of('plain'),
    encrypted: of(protocol),
    memoryAdded,
    ...(transfer.length < 256 * MIB ? {} : { targets: [memoryTarget(transfer, protocol, memoryAdded)] }),
  };
}

/** Azurite uses several times the CPU of the client, so these figures show more about it than about this package. */
async function emulatorRows(lab: Lab): Promise<Row[]> {
  const service = BlobServiceClient.fromConnectionString(await lab.freshEmulator());
  const blobs = new Blobs(service);
  await service.createContainer('bench');
  const length = (lab.isQuick ? 8 : 64) * MIB;
  const rows: Row[] = [];
  for (const kind of [REFERENCE[0]!, { direction: 'download', medium: 'stream' } as const]) {
    const transfer = { ...kind, length, concurrency: 4 };
    const take = (content: ContentKind) => async () =>
      takeSample(await prepared(blobs.client(content, content), transfer, lab.materials));
    const variants = { plain: take('plain'), '1.0': take('1.0'), '2.0': take('2.0') };
    const name = `${caseName(transfer)}, Azurite`;
    const found = await lab.compare(name, variants);
    rows.push(
      ...rowsOf(lab, { one: { ...transfer, rate: UNPACED }, name, ciphers: await cipherRates(lab) }, found).map(
        ({ targets: _, ceilingShare: _none, ...row }) => ({
          ...row,
          subject: 'transfers with Azurite, for indication',
        }),
      ),
    );
  }
  return rows;
}
