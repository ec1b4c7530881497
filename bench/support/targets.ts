/** The bars that the project sets itself: encrypted to plain of the same run, four blocks at once, on Node 20. */
import type { Row, Target } from './report.js';
import type { Transfer } from './transfer.js';

const GIB = 1024 ** 3;
const SLOW = 125e6;

type Protocol = '1.0' | '2.0';
/** One value for each protocol. */
type Pair = Readonly<Record<Protocol, number>>;

const both = (value: number): Pair => ({ '1.0': value, '2.0': value });

/** Least ratio of throughput under a pace. */
const PACED_SLOW = both(0.97);
const PACED_FAST = { upload: { '1.0': 0.88, '2.0': 0.97 }, download: { '1.0': 0.95, '2.0': 0.93 } } as const;

const PACED_FAST_ON_THREAD = { '1.0': 0.96, '2.0': 0.97 } as const;

/** Least ratio of throughput without one: the client's own speed. */
const UNPACED: Readonly<Record<Transfer['direction'], Readonly<Record<Transfer['medium'], Pair>>>> = {
  upload: {
    buffer: { '1.0': 0.2, '2.0': 0.32 },
    stream: { '1.0': 0.58, '2.0': 0.85 },
    file: { '1.0': 0.6, '2.0': 0.88 },
  },
  download: {
    buffer: { '1.0': 0.88, '2.0': 0.68 },
    stream: { '1.0': 0.88, '2.0': 0.68 },
    file: { '1.0': 0.88, '2.0': 0.68 },
  },
};
const UNPACED_GIB_UPLOAD = { buffer: { '1.0': 0.17, '2.0': 0.25 }, stream: { '1.0': 0.55, '2.0': 0.8 } } as const;

/** The same from a buffer, sealed on one worker thread; long is from 1 GiB on. */
const UNPACED_ON_THREAD = { short: { '1.0': 0.24, '2.0': 0.38 }, long: { '1.0': 0.2, '2.0': 0.3 } } as const;

/** Seconds of loop for a GiB beyond plain. */
const LOOP_ADDED = { upload: { '1.0': 2.3, '2.0': 1.4 }, download: { '1.0': 0.4, '2.0': 1 } } as const;
/** Milliseconds of delay beyond plain, under the faster pace. */
const DELAY_P99_ADDED = { upload: 4, download: 6 } as const;
const DELAY_MAX_ADDED_UPLOAD = 10;

/** MiB beyond plain. */
const MEMORY_ADDED: Readonly<Record<Transfer['direction'], Readonly<Record<Transfer['medium'], Pair>>>> = {
  upload: { buffer: { '1.0': 50, '2.0': 60 }, stream: { '1.0': 15, '2.0': 20 }, file: { '1.0': 15, '2.0': 20 } },
  download: { buffer: { '1.0': 50, '2.0': 30 }, stream: both(10), file: both(10) },
};

/** What newer versions of Node are held to where the plain SDK is faster on them. */
const UNPACED_STREAM_ON_NEWER = { '1.0': 0.38, '2.0': 0.6 } as const;
const isNewer = Number(process.versions.node.split('.')[0]) > 20;

/** MB/s that an unpaced upload makes on a quiet machine of the class that the bars were set on, whatever plain makes. */
const LEAST_UPLOAD_RATE = { '1.0': 380, '2.0': 600 } as const;

/** What a transfer is held to; nothing where the bench sets no bar. */
export function transferTargets(one: Transfer & { readonly rate: number }, row: Row): Target[] {
  if (one.concurrency !== 4) return [];
  const [protocol, thread] = row.protocol.split(' ') as [Protocol, string?];
  const least = thread === undefined ? leastRatio(one) : leastRatioOnThread(one);
  const ratio = { what: 'ratio', value: row.ratio!, atLeast: least[protocol] };
  if (one.rate === 0) return [ratio, ...rateTargets(one, row, protocol), ...loopTargets(one, row, protocol)];
  return one.rate === SLOW ? [ratio] : [ratio, ...delayTargets(one, row)];
}

export function memoryTarget({ direction, medium }: Transfer, protocol: Protocol, value: number): Target {
  return { what: 'memory', value, atMost: MEMORY_ADDED[direction][medium][protocol] };
}

function leastRatioOnThread({ length, rate }: Transfer & { readonly rate: number }): Pair {
  if (rate !== 0) return rate === SLOW ? PACED_SLOW : PACED_FAST_ON_THREAD;
  return length >= GIB ? UNPACED_ON_THREAD.long : UNPACED_ON_THREAD.short;
}

function leastRatio({ direction, medium, length, rate }: Transfer & { readonly rate: number }): Pair {
  if (rate !== 0) return rate === SLOW ? PACED_SLOW : PACED_FAST[direction];
  if (isNewer && direction === 'upload' && medium === 'stream') return UNPACED_STREAM_ON_NEWER;
  const isLongUpload = direction === 'upload' && medium !== 'file' && length >= GIB;
  return isLongUpload ? UNPACED_GIB_UPLOAD[medium] : UNPACED[direction][medium];
}

const rateTargets = ({ direction }: Transfer, { encrypted }: Row, protocol: Protocol): Target[] =>
  direction === 'upload' ? [{ what: 'MB/s', value: encrypted, atLeast: LEAST_UPLOAD_RATE[protocol] }] : [];

/** Uploads are held to it beside `uploadData`; the plain `uploadStream` and `uploadFile` keep the loop busy themselves. */
function loopTargets({ direction, medium }: Transfer, { loopAdded }: Row, protocol: Protocol): Target[] {
  if (direction === 'upload' && medium !== 'buffer') return [];
  return [{ what: 'loop s/GiB', value: loopAdded!, atMost: LOOP_ADDED[direction][protocol] }];
}

const delayTargets = ({ direction }: Transfer, { delayAdded }: Row): Target[] => [
  { what: 'p99 ms', value: delayAdded!.p99, atMost: DELAY_P99_ADDED[direction] },
  ...(direction === 'upload' ? [{ what: 'max ms', value: delayAdded!.max, atMost: DELAY_MAX_ADDED_UPLOAD }] : []),
];

/** Microseconds beyond plain for a message of 1 KiB under a local AES key. */
export const LOCAL_KEY_MICROSECONDS = { '1.0': { seal: 50, open: 40 }, '2.0': { seal: 55, open: 45 } } as const;
/** The same for an entity with 10 of 20 properties sealed. */
export const ENTITY_MICROSECONDS = { seal: 130, open: 100 } as const;
/** CPU to open a page of 1,000 such entities, and how long that may hold the event loop at once. */
export const PAGE_CPU_MS = 100;
export const PAGE_DELAY_MS = 3;
/** Such a page where every row asks a key that answers in 20 ms: one after another that would be 20 seconds. */
export const FAR_KEY_PAGE_MS = 2000;
/** A page of 1,000 rows whose keys are in a vault that takes 200 requests a second: 5 seconds is the least that it can take. */
export const VAULT_PAGE_MS = 5500;

/** Integrity entries, to what `integrity: 'off'` takes in the same run: least ratio of throughput of a blob of 256 MiB. */
export const INTEGRITY_RATIO = {
  '1.0': { upload: 0.8, download: 0.8 },
  '2.0': { upload: 0.99, download: 0.99 },
} as const;
/** Seconds of loop for a GiB of 2.0 that entries add at most: what the samples of one variant differ by. */
export const INTEGRITY_LOOP_ADDED = 0.05;
/** Microseconds that entries add to a message of 1 KiB and to an entity with 10 sealed properties, each way. */
export const INTEGRITY_MICROSECONDS = { message: 15, entity: 35 } as const;

/** Milliseconds to the last byte of 1 GiB; in 2.0 a region of 4 MiB comes with it, since the tag covers it. */
export const TAIL_MS = { paced: { '1.0': 3, '2.0': 36 }, unpaced: { '1.0': 3, '2.0': 12 } } as const;
/** Milliseconds beyond plain to put or get 1 KiB. */
export const SMALL_BLOB_MS = 0.15;
