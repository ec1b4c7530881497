import { type TracingContext, useInstrumenter } from '@azure/core-tracing';
import { startSpan, traced } from '../../../src/tracing/span.js';

/** Begun spans, the contexts that were active, and whether the sampler takes a span. */
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

it('below a span that is recorded there are the others', async () => {
  isSampled = true;

  await expect(operation()).resolves.toBe('done');

  expect(begun).toEqual(['outer', 'inner', 'last']);
});

it('below a span that is not recorded there are no others, and its context stays active', async () => {
  isSampled = false;

  await expect(operation()).resolves.toBe('done');

  expect(begun).toEqual(['outer']);
  expect(active).toHaveLength(2);
  expect(active[0]).toBe(active[1]);
});

it('a failure below a span that is not recorded passes through', async () => {
  isSampled = false;
  const failure = new Error('broken');

  const failing = traced('outer', {}, (options) => traced('inner', options, () => Promise.reject(failure)));

  await expect(failing).rejects.toBe(failure);
});

it('a context of someone else always gets a span: the sampler decides', async () => {
  isSampled = false;

  await traced('ours', { tracingOptions: { tracingContext: new Context() } }, async () => undefined);

  expect(begun).toEqual(['ours']);
});

it.each([true, false])('work that throws at once makes the call reject (recorded: %s)', async (isRecorded) => {
  isSampled = isRecorded;
  const fails = (): Promise<never> => {
    throw new Error('at once');
  };

  await expect(traced('outer', {}, (options) => traced('inner', options, fails))).rejects.toThrow('at once');
  const { options } = startSpan('outer', {});
  await expect(traced('inner', options, fails)).rejects.toThrow('at once');
});
