/**
 * Damaged inputs for every decoder, on two threads: each opens to the sealed content or fails with a typed error, and
 * always ends.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DECODERS } from '../fuzz/decoders.js';
import type { FuzzInputs, FuzzOrders, FuzzResult } from '../fuzz/worker.js';
import type { Lab } from '../lab.js';

const INPUTS = { short: 2 ** 15, long: 2 ** 20 };
const THREADS = Math.min(2, availableParallelism());
/** Milliseconds without a new input after which a thread counts as hanging. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 1_000;
const SHARES = DECODERS.reduce((sum, { share }) => sum + share, 0);

const testOf = (decoder: string): string => `fuzz: ${decoder}`;

export async function fuzz(lab: Lab): Promise<void> {
  const { round, only } = lab.options;
  const [, single, input] = /^fuzz: (.*), input (\d+)$/.exec(only ?? '') ?? [];
  const wanted = single === undefined ? only : testOf(single);
  const decoders = DECODERS.filter(({ name }) => wanted === undefined || testOf(name).includes(wanted));
  if (decoders.length === 0) return;
  const inputsOf = (thread: number): FuzzInputs[] =>
    decoders.map(({ name, share }) => {
      if (input !== undefined) return { decoder: name, first: Number(input), step: 1, end: Number(input) + 1 };
      return { decoder: name, first: thread, step: THREADS, end: Math.ceil((INPUTS[round] * share) / SHARES) };
    });
  const threads = input === undefined ? THREADS : 1;
  await Promise.all(Array.from({ length: threads }, (_, thread) => runThread(lab, inputsOf(thread))));
}

function runThread(lab: Lab, inputs: readonly FuzzInputs[]): Promise<void> {
  const position = new SharedArrayBuffer(8);
  const orders: FuzzOrders = { seed: lab.options.seed, position, inputs };
  const worker = new Worker(new URL('../fuzz/worker.js', import.meta.url), { workerData: orders });
  worker.on('message', (result: FuzzResult) => {
    count(lab, result);
  });
  return new Promise((resolve, reject) => {
    const watching = watch(new Int32Array(position), ([decoder, input]) => {
      const where = `input ${input}`;
      const finding = { verdict: 'hang', what: 'it does not end' } as const;
      lab.table.fail({ test: testOf(DECODERS[decoder!]!.name), where, finding });
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      clearInterval(watching);
      resolve();
    });
  });
}

function watch(progress: Int32Array, isStuck: (position: readonly number[]) => void): NodeJS.Timeout {
  let last = '';
  let since = performance.now();
  return setInterval(() => {
    const now = progress.join();
    if (now !== last) since = performance.now();
    last = now;
    if (performance.now() - since > PATIENCE_MS) isStuck([...progress]);
  }, LOOK_MS);
}

function count({ table }: Lab, { decoder, right, error, failures }: FuzzResult): void {
  const test = testOf(decoder);
  table.add(test, { right, error });
  for (const { input, shown, finding } of failures) {
    table.fail({
      test,
      where: `input ${input}`,
      finding: { ...finding, what: `${finding.what}\n  ${shown.slice(0, 2_000)}` },
    });
  }
}
