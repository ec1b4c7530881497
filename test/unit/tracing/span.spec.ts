import { type TracingContext, useInstrumenter } from '@azure/core-tracing';
import { startSpan, traced } from '../../../src/tracing/span.js';

/** Started spans, the contexts that were active, and whether the sampler records a span. */
const begun: string[] = [];
const active: (TracingContext | undefined)[] = [];
let isSampled = true;

class Context implements TracingContext {
  readonly getValue = (): unknown => 'Microsoft.Storage';
  readonly setValue = (): TracingContext => this;
  readonly deleteValue = (): TracingContext => this;
}

useInstrumenter({
  startSpan: (name) => {
    begun.push(name);
    const isRecording = isSampled;
    return {
      span: {
        ...{ setStatus: () => undefined, setAttribute: () => undefined, end: () => undefined },
        ...{ recordException: () => undefined, isRecording: () => isRecording },
      },
      tracingContext: new Context(),
    };
  },
  withContext: (context, callback, ...callbackArgs) => {
    active.push(context);
    return callback(...callbackArgs);
  },
  parseTraceparentHeader: () => undefined,
  createRequestHeaders: () => ({}),
});

beforeEach(() => {
  begun.length = 0;
  active.length = 0;
});

const operation = (): Promise<string> =>
  traced('outer', {}, (options) =>
    traced('inner', options, async (innermost, record) => {
      record({ protocol: '2.0' });
      startSpan('last', innermost).end();
      return 'done';
    }),
  );

it('a recorded span has child spans', async () => {
  isSampled = true;

  await expect(operation()).resolves.toBe('done');

  expect(begun).toEqual(['outer', 'inner', 'last']);
});

it('a span that is not recorded has no child spans, and its context stays active', async () => {
  isSampled = false;

  await expect(operation()).resolves.toBe('done');

  expect(begun).toEqual(['outer']);
  expect(active).toHaveLength(2);
  expect(active[0]).toBe(active[1]);
});

it('a failure below a span that is not recorded is passed on', async () => {
  isSampled = false;
  const failure = new Error('broken');

  const failing = traced('outer', {}, (options) => traced('inner', options, () => Promise.reject(failure)));

  await expect(failing).rejects.toBe(failure);
});

it('a context of the caller always gets a span, because the sampler decides', async () => {
  isSampled = false;

  await traced('ours', { tracingOptions: { tracingContext: new Context() } }, async () => undefined);

  expect(begun).toEqual(['ours']);
});

it.each([true, false])('work that throws synchronously makes the call reject (recorded: %s)', async (isRecorded) => {
  isSampled = isRecorded;
  const fails = (): Promise<never> => {
    throw new Error('at once');
  };

  await expect(traced('outer', {}, (options) => traced('inner', options, fails))).rejects.toThrow('at once');
  const { options } = startSpan('outer', {});
  await expect(traced('inner', options, fails)).rejects.toThrow('at once');
});
