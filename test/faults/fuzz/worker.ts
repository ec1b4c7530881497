/** A thread that opens inputs sequentially. Its position is in shared memory, in case an input never ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { isEncryptedStorageError } from 'nestjs-azure-encrypted-storage';
import type * as OpeningBreakerModule from '../../../src/envelope/opening-breaker.js';
import { builtModule } from '../../support/project.js';
import { describe, type Finding, wrong } from '../outcome.js';
import { Random } from '../random.js';
import type { Decoder } from './decoder.js';
import { DECODERS } from './decoders.js';

export interface FuzzOrders {
  readonly seed: number;
  /** Index of the decoder and of the input. */
  readonly position: SharedArrayBuffer;
  readonly inputs: readonly FuzzInputs[];
}

/** Inputs of one decoder: from `first`, in steps of `step`, to below `end`. */
export interface FuzzInputs {
  readonly decoder: string;
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

export interface FuzzResult {
  readonly decoder: string;
  readonly right: number;
  readonly error: number;
  readonly failures: readonly { readonly input: number; readonly shown: string; readonly finding: Finding }[];
}

/** Milliseconds that no input may take. */
const SLOW_MS = 5_000;
const MAX_FAILURES = 20;

const { processBreaker } = await builtModule<typeof OpeningBreakerModule>('envelope/opening-breaker.js');

const { seed, position, inputs } = workerData as FuzzOrders;
const progress = new Int32Array(position);

for (const given of inputs) parentPort!.postMessage(await fuzz(given));

async function fuzz({ decoder: name, first, step, end }: FuzzInputs): Promise<FuzzResult> {
  const decoder = DECODERS.find((found) => found.name === name)!;
  const result = { decoder: name, right: 0, error: 0, failures: [] as FuzzResult['failures'][number][] };
  progress[0] = DECODERS.indexOf(decoder);
  for (let input = first; input < end; input += step) {
    progress[1] = input;
    const { kind, shown, finding } = await open(decoder, new Random(seed, 'fuzz', name, input));
    if (finding === undefined) result[kind] += 1;
    else if (result.failures.length < MAX_FAILURES) result.failures.push({ input, shown, finding });
  }
  return result;
}

interface Opened {
  readonly kind: 'right' | 'error';
  readonly shown: string;
  readonly finding: Finding | undefined;
}

async function open(decoder: Decoder, random: Random): Promise<Opened> {
  const { shown, open: run } = decoder.input(random);
  // each input has to reach its decoder, however many have failed before
  processBreaker.reset();
  const begun = performance.now();
  const opened = await run().then(
    (finding) => ({ kind: 'right', shown, finding }) as const,
    (error: unknown) => ({ kind: 'error', shown, finding: findingOf(error) }) as const,
  );
  const taken = performance.now() - begun;
  if (taken < SLOW_MS) return opened;
  return { ...opened, finding: { verdict: 'hang', what: `it took ${Math.round(taken)} ms` } };
}

/** Errors of the SDKs about invalid answers count as theirs. */
function findingOf(error: unknown): Finding | undefined {
  if (isEncryptedStorageError(error) || (error as Error).name === 'RestError') return undefined;
  return wrong(
    `an untyped error: ${describe(error)}: ${String((error as Error).stack)
      .split('\n')
      .slice(1, 4)
      .join(' ')}`,
  );
}
