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

/** What a transfer is held to; nothing where the bench sets no bar. */
export function transferTargets(one: Transfer & { readonly rate: number }, row: Row): Target[] {
  if (one.concurrency !== 4) return [];
  const protocol = row.protocol as Protocol;
  const ratio = { what: 'ratio', value: row.ratio!, atLeast: leastRatio(one)[protocol] };
  if (one.rate === 0) return [ratio, loopTarget(one, row, protocol)];
  return one.rate === SLOW ? [ratio] : [ratio, ...delayTargets(one, row)];
}

export function memoryTarget({ direction, medium }: Transfer, protocol: Protocol, value: number): Target {
  return { what: 'memory', value, atMost: MEMORY_ADDED[direction][medium][protocol] };
}

function leastRatio({ direction, medium, length, rate }: Transfer & { readonly rate: number }): Pair {
  if (rate !== 0) return rate === SLOW ? PACED_SLOW : PACED_FAST[direction];
  const isLongUpload = direction === 'upload' && medium !== 'file' && length >= GIB;
  return isLongUpload ? UNPACED_GIB_UPLOAD[medium] : UNPACED[direction][medium];
}

const loopTarget = ({ direction }: Transfer, row: Row, protocol: Protocol): Target => ({
  what: 'loop s/GiB',
  value: row.loopAdded!,
  atMost: LOOP_ADDED[direction][protocol],
});

const delayTargets = ({ direction }: Transfer, { delayAdded }: Row): Target[] => [
  { what: 'p99 ms', value: delayAdded!.p99, atMost: DELAY_P99_ADDED[direction] },
  ...(direction === 'upload' ? [{ what: 'max ms', value: delayAdded!.max, atMost: DELAY_MAX_ADDED_UPLOAD }] : []),
];
