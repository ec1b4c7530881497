/**
 * Variants of the same work, measured in turn in one process: A B C, C B A, A B C, ... so that drift affects all of
 * them. Each sample waits for a quiet moment and is repeated, within limits, if the machine was busy with something
 * else.
 */
import { startedProcesses, waitForQuiet, wasQuiet, watchOthers } from './other-work.js';
import { median } from './statistics.js';

/** How long one sample, and an entire run, may wait for quiet, in milliseconds, so that a run ends on any machine. */
const WAIT_LIMIT_MS = 1000;
const LOSS_LIMIT_MS = 300_000;
const RETRIES = 2;
/** How often variants are warmed up in turn, and for how long: once if it takes longer. */
const WARM_UP_PASSES = 4;
const WARM_UP_MS = 250;
/** The number of quiet samples from which the others are left out. */
const ENOUGH_QUIET = 3;

export interface RoundsOptions {
  readonly rounds: number;
  /** Whether samples wait for quiet. */
  readonly isGated: boolean;
  /** Whether each variant is warmed up beforehand; default `true`. */
  readonly warmsUp?: boolean;
}

/** The samples of one variant, and how many were taken while the machine did nothing else. */
export interface Samples<S> {
  readonly samples: readonly S[];
  readonly quiet: string;
}

export type Variants<Name extends string, S> = Readonly<Record<Name, () => Promise<S>>>;

let lost = 0;

export async function inRounds<Name extends string, S>(
  variants: Variants<Name, S>,
  { rounds, isGated, warmsUp = true }: RoundsOptions,
): Promise<Record<Name, Samples<S>>> {
  const names = Object.keys(variants) as Name[];
  if (warmsUp) await warmUp(Object.values(variants), isGated ? WARM_UP_PASSES : 1);

  // the server, an emulator and peers do not count as other work
  const pids = startedProcesses();
  const taken = new Map<Name, Taken<S>[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const take = variants[name];
      taken.get(name)!.push(isGated ? await quietSample(take, pids) : { sample: await take(), isQuiet: false });
    }
  }
  return Object.fromEntries(names.map((name) => [name, kept(taken.get(name)!)])) as Record<Name, Samples<S>>;
}

/**
 * At least once each. V8 compiles only after thousands of small operations, which a server reaches within minutes. In
 * turn, because what one variant does may invalidate code that was compiled for another.
 */
async function warmUp(takes: readonly (() => Promise<unknown>)[], passes: number): Promise<void> {
  for (let pass = 1; pass <= passes; pass++) {
    for (const take of takes) {
      const until = performance.now() + (passes === 1 ? 0 : WARM_UP_MS);
      do await take();
      while (performance.now() < until);
    }
  }
}

/** The median of one figure over the samples. */
export const medianOf = <S>({ samples }: Samples<S>, figure: (sample: S) => number): number =>
  median(samples.map(figure));

interface Taken<S> {
  readonly sample: S;
  readonly isQuiet: boolean;
}

function kept<S>(taken: readonly Taken<S>[]): Samples<S> {
  const quiet = taken.filter(({ isQuiet }) => isQuiet);
  const used = quiet.length >= ENOUGH_QUIET ? quiet : taken;
  return { samples: used.map(({ sample }) => sample), quiet: `${quiet.length}/${taken.length}` };
}

async function quietSample<S>(take: () => Promise<S>, pids: readonly number[]): Promise<Taken<S>> {
  for (let retry = 0; ; retry++) {
    lost += await waitForQuiet(pids, lost < LOSS_LIMIT_MS ? WAIT_LIMIT_MS : 0);
    const others = watchOthers(pids);
    const started = performance.now();
    const sample = await take();
    const isQuiet = wasQuiet(others());
    if (isQuiet || retry === RETRIES || lost >= LOSS_LIMIT_MS) return { sample, isQuiet };
    lost += performance.now() - started;
  }
}
