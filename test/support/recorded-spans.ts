/** An instrumenter as applications register one: records everything, also from the SDKs, per call chain. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Instrumenter,
  type InstrumenterSpanOptions,
  type SpanStatus,
  type TracingContext,
  type TracingSpan,
  useInstrumenter,
} from '@azure/core-tracing';

const SPAN = Symbol('span');

export class RecordedSpan implements TracingSpan {
  readonly attributes: Record<string, unknown>;
  readonly statuses: SpanStatus[] = [];
  readonly others: unknown[] = [];
  ends = 0;

  constructor(
    readonly name: string,
    readonly packageName: string,
    readonly parent: RecordedSpan | undefined,
    attributes: Record<string, unknown> = {},
  ) {
    this.attributes = { ...attributes };
  }

  setStatus(status: SpanStatus): void {
    this.statuses.push(status);
  }

  setAttribute(name: string, value: unknown): void {
    this.attributes[name] = value;
  }

  end(): void {
    this.ends += 1;
  }

  recordException(exception: Error | string): void {
    this.others.push(exception);
  }

  addEvent(...event: unknown[]): void {
    this.others.push(event);
  }

  isRecording(): boolean {
    return this.ends === 0;
  }

  /** Names from the outermost span to this one. */
  get path(): string {
    return this.parent === undefined ? this.name : `${this.parent.path} > ${this.name}`;
  }

  /** Everything that was recorded except links to other spans, including the hidden members of errors. */
  get text(): string {
    const { name, attributes, statuses, others } = this;
    return [name, ...Object.entries(attributes).flat(), ...statuses.flatMap(spread), ...others.flatMap(spread)]
      .map(String)
      .join('\n');
  }
}

function spread(value: unknown): unknown[] {
  if (value instanceof Error) return [value.name, value.message, value.stack, ...spread(value.cause)];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(spread);
  return [value];
}

class Context implements TracingContext {
  constructor(private readonly values: ReadonlyMap<symbol, unknown> = new Map()) {}

  setValue(key: symbol, value: unknown): TracingContext {
    return new Context(new Map([...this.values, [key, value]]));
  }

  getValue(key: symbol): unknown {
    return this.values.get(key);
  }

  deleteValue(key: symbol): TracingContext {
    return new Context(new Map([...this.values].filter(([known]) => known !== key)));
  }
}

export interface Recorder {
  readonly spans: readonly RecordedSpan[];
  /** The spans of this package. */
  readonly own: readonly RecordedSpan[];
}

/** Registers an instrumenter once for all clients of this test file. */
export function recordSpans(): Recorder {
  const active = new AsyncLocalStorage<TracingContext>();
  const spans: RecordedSpan[] = [];
  const instrumenter: Instrumenter = {
    startSpan: (name, { tracingContext, packageName, spanAttributes }: InstrumenterSpanOptions) => {
      const context = tracingContext ?? active.getStore() ?? new Context();
      const span = new RecordedSpan(name, packageName, context.getValue(SPAN) as RecordedSpan, spanAttributes);
      spans.push(span);
      return { span, tracingContext: context.setValue(SPAN, span) };
    },
    withContext: (context, callback, ...callbackArgs) => active.run(context, callback, ...callbackArgs),
    parseTraceparentHeader: (header) => {
      const span = spans[Number.parseInt(header.split('-')[2] ?? '', 16) - 1];
      return span === undefined ? undefined : new Context().setValue(SPAN, span);
    },
    createRequestHeaders: (context): Record<string, string> => {
      const number = spans.indexOf(context?.getValue(SPAN) as RecordedSpan) + 1;
      if (number === 0) return {};
      const parent = number.toString(16).padStart(16, '0');
      return { traceparent: `00-${'a'.repeat(32)}-${parent}-01`, tracestate: 'vendor=1' };
    },
  };
  useInstrumenter(instrumenter);
  return {
    spans,
    get own() {
      return spans.filter(({ packageName }) => packageName === 'nestjs-azure-encrypted-storage');
    },
  };
}
