/**
 * The bars that the project sets for itself: encrypted to plain in the same run, four blocks at once, on Node.js 20.
 */
import type { Row, Target } from './report.js';
import type { Transfer } from './transfer.js';

const GIB = 1024 ** 3;
const SLOW = 125e6;

type Protocol = '1.0' | '2.0';
/** A value for each protocol. */
type Pair = Readonly<Record<Protocol, number>>;

const both = (value: number): Pair => ({ '1.0': value, '2.0': value });

/** The minimum ratio of throughput under a pace. */
const PACED_SLOW = both(0.97);
const PACED_FAST = { upload: { '1.0': 0.92, '2.0': 0.97 }, download: { '1.0': 0.95, '2.0': 0.93 } } as const;
/** 64 MiB take so little time that the first block counts, which nothing overlaps. */
const PACED_FAST_SHORT_UPLOAD = { '1.0': 0.92, '2.0': 0.95 } as const;
const SHORT = 64 * 1024 ** 2;

const PACED_FAST_ON_THREAD = { '1.0': 0.96, '2.0': 0.97 } as const;

/**
 * The minimum share of the ceiling without a pace, if the plain client is faster: uploads from memory, and all
 * downloads. The ceiling comes from the same run, so the bar means the same on every machine.
 */
const LEAST_SHARE = { upload: both(0.9), download: { '1.0': 0.9, '2.0': 0.85 } } as const;

/** The minimum ratio of throughput without a pace, if the plain client keeps the loop busy itself. */
const UNPACED_UPLOAD: Readonly<Record<'stream' | 'file', Pair>> = {
  stream: { '1.0': 0.58, '2.0': 0.85 },
  file: { '1.0': 0.6, '2.0': 0.88 },
};
const UNPACED_GIB_STREAM = { '1.0': 0.55, '2.0': 0.8 } as const;

/** The same from a buffer, sealed on one worker thread. Long means 1 GiB or more. */
const UNPACED_ON_THREAD = { short: { '1.0': 0.24, '2.0': 0.38 }, long: { '1.0': 0.2, '2.0': 0.3 } } as const;

/** Seconds of busy loop for each GiB, beyond plain. */
const LOOP_ADDED = { upload: { '1.0': 2.3, '2.0': 1.4 }, download: { '1.0': 0.4, '2.0': 1 } } as const;
/** Milliseconds of delay beyond plain, at the faster pace. */
const DELAY_P99_ADDED = { upload: 4, download: 6 } as const;
const DELAY_MAX_ADDED_UPLOAD = 10;

/** MiB beyond plain. */
const MEMORY_ADDED: Readonly<Record<Transfer['direction'], Readonly<Record<Transfer['medium'], Pair>>>> = {
  upload: { buffer: { '1.0': 50, '2.0': 60 }, stream: { '1.0': 15, '2.0': 20 }, file: { '1.0': 15, '2.0': 20 } },
  download: { buffer: { '1.0': 50, '2.0': 30 }, stream: both(10), file: both(10) },
};

/** The bars for newer versions of Node.js, on which the plain SDK is faster. */
const UNPACED_STREAM_ON_NEWER = { '1.0': 0.38, '2.0': 0.6 } as const;
const isNewer = Number(process.versions.node.split('.')[0]) > 20;

/**
 * The minimum MB/s of an unpaced upload on a quiet machine of the class that the bars were set on, whatever plain
 * reaches.
 */
const LEAST_UPLOAD_RATE = { '1.0': 380, '2.0': 600 } as const;

/** The bars for a transfer, or none if the bench does not set one. */
export function transferTargets(one: Transfer & { readonly rate: number }, row: Row): Target[] {
  if (one.concurrency !== 4) return [];
  const [protocol, thread] = row.protocol.split(' ') as [Protocol, string?];
  const main =
    thread === undefined ? mainTarget(one, row, protocol) : ratioTarget(row, leastRatioOnThread(one)[protocol]);
  if (one.rate === 0) return [main, ...rateTargets(one, row, protocol), ...loopTargets(one, row, protocol)];
  return one.rate === SLOW ? [main] : [main, ...delayTargets(one, row)];
}

function mainTarget(one: Transfer & { readonly rate: number }, row: Row, protocol: Protocol): Target {
  if (one.rate === 0 && (one.direction === 'download' || one.medium === 'buffer')) {
    return { what: 'share of the ceiling', value: row.ceilingShare!, atLeast: LEAST_SHARE[one.direction][protocol] };
  }
  return ratioTarget(row, leastRatio(one)[protocol]);
}

const ratioTarget = ({ ratio }: Row, atLeast: number): Target => ({ what: 'ratio', value: ratio!, atLeast });

export function memoryTarget({ direction, medium }: Transfer, protocol: Protocol, value: number): Target {
  return { what: 'memory', value, atMost: MEMORY_ADDED[direction][medium][protocol] };
}

function leastRatioOnThread({ length, rate }: Transfer & { readonly rate: number }): Pair {
  if (rate !== 0) return rate === SLOW ? PACED_SLOW : PACED_FAST_ON_THREAD;
  return length >= GIB ? UNPACED_ON_THREAD.long : UNPACED_ON_THREAD.short;
}

function leastRatio({ direction, medium, length, rate }: Transfer & { readonly rate: number }): Pair {
  if (rate !== 0) return leastRatioAtPace({ direction, length, rate });
  if (medium === 'file') return UNPACED_UPLOAD.file;
  if (isNewer) return UNPACED_STREAM_ON_NEWER;
  return length >= GIB ? UNPACED_GIB_STREAM : UNPACED_UPLOAD.stream;
}

function leastRatioAtPace({
  direction,
  length,
  rate,
}: Pick<Transfer, 'direction' | 'length'> & { readonly rate: number }): Pair {
  if (rate === SLOW) return PACED_SLOW;
  return direction === 'upload' && length <= SHORT ? PACED_FAST_SHORT_UPLOAD : PACED_FAST[direction];
}

const rateTargets = ({ direction }: Transfer, { encrypted }: Row, protocol: Protocol): Target[] =>
  direction === 'upload' ? [{ what: 'MB/s', value: encrypted, atLeast: LEAST_UPLOAD_RATE[protocol] }] : [];

/** Uploads are compared with `uploadData`, because the plain `uploadStream` and `uploadFile` keep the loop busy. */
function loopTargets({ direction, medium }: Transfer, { loopAdded }: Row, protocol: Protocol): Target[] {
  if (direction === 'upload' && medium !== 'buffer') return [];
  return [{ what: 'loop s/GiB', value: loopAdded!, atMost: LOOP_ADDED[direction][protocol] }];
}

const delayTargets = ({ direction }: Transfer, { delayAdded }: Row): Target[] => [
  { what: 'p99 ms', value: delayAdded!.p99, atMost: DELAY_P99_ADDED[direction] },
  ...(direction === 'upload' ? [{ what: 'max ms', value: delayAdded!.max, atMost: DELAY_MAX_ADDED_UPLOAD }] : []),
];

/**
 * Small operations, in yardsticks of the same run (yardstick.ts). If one yardstick takes 9.8 us, a message of 1 KiB
 * under a local AES key may take 35 us, sealing an entity with 10 of 20 properties sealed 120 us and opening it 80 us,
 * and a row of a page 90 us.
 */
export const MESSAGE_YARDSTICKS = 3.6;
export const ENTITY_YARDSTICKS = { seal: 12.2, open: 8.2 } as const;
export const PAGE_ROW_YARDSTICKS = 9.2;
/** How long a page of 1,000 such entities may block the event loop at a time, including garbage collection. */
export const PAGE_DELAY_MS = 3;
/** The minimum rate compared with the plain SDK, with Azurite, which competes for the same cores. */
export const WITH_EMULATOR = { page: 0.45, insert: 0.8, get: 0.9, receive: 0.8, consumer: 0.8 } as const;
/** From the start of a process to a ready application, as a multiple of only the SDKs and Nest. */
export const START_RATIO = 1.3;

/** A value in yardsticks, and its bar. */
export const inYardsticks = (us: number, yardstickUs: number, atMost: number): Target => ({
  what: 'yardsticks',
  value: us / yardstickUs,
  atMost,
});

/** The case of a line for work that no package can avoid. */
export const floor = (what: string, us: number, yardstickUs: number): string =>
  `${what}, of the bar below: ${(us / yardstickUs).toFixed(1)} yardsticks`;

/** A page in which every row calls a key that responds in 20 ms, which in sequence would take 20 seconds. */
export const FAR_KEY_PAGE_MS = 2000;
/** A page of 1,000 rows with keys in a vault that allows 200 requests a second, so it takes at least 5 seconds. */
export const VAULT_PAGE_MS = 5500;

/**
 * Integrity entries compared with `integrity: 'off'` in the same run: the minimum ratio of throughput for a blob of 256
 * MiB.
 */
export const INTEGRITY_RATIO = {
  '1.0': { upload: 0.8, download: 0.8 },
  '2.0': { upload: 0.99, download: 0.99 },
} as const;
/** The maximum seconds of busy loop that entries add for each GiB of 2.0: the spread of samples of one variant. */
export const INTEGRITY_LOOP_ADDED = 0.05;
/**
 * Yardsticks that entries may add to a message of 1 KiB and to an entity with 10 sealed properties, each way: 15 and 35
 * us if one yardstick takes 9.8 us.
 */
export const INTEGRITY_YARDSTICKS = { message: 1.5, entity: 3.6 } as const;

/** Milliseconds to the last byte of 1 GiB. In 2.0, this reads a region of 4 MiB, because the tag covers it. */
export const TAIL_MS = { paced: { '1.0': 3, '2.0': 36 }, unpaced: { '1.0': 3, '2.0': 12 } } as const;
/** Milliseconds beyond plain to put or get 1 KiB. */
export const SMALL_BLOB_MS = 0.12;
/**
 * Search tags of three properties: what they add to sealing an entity, as a share, and milliseconds to compute those of
 * 1,000 rows again. The share is missed if the MACs alone, which the bench prints, take more.
 */
export const SEARCH_TAGS_SHARE = 0.05;
export const SEARCH_CHECK_MS = 15;
/**
 * Jobs on one core under AES keys: objects a second, requests for each, peak MiB, milliseconds of delay, requests of a
 * status.
 */
export const MAINTENANCE = {
  rate: { blobs: 1500, rows: 5000, census: 5000 },
  requests: 1.1,
  peak: 150,
  delayP99: 20,
  statusRequests: 2,
} as const;
