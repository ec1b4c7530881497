/** Keeps the last traces in memory, for the page. An application would export them instead. */
import { SpanKind, SpanStatusCode, type HrTime } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { Trace, TracedSpan } from './trace.dto.js';

const TRACES = 12;
const SPANS = 40;
/** The attributes of the package about encryption. Request URLs are omitted, because they name rows and blobs. */
const SHOWN = 'encryption.';

interface KeptTrace {
  readonly name: string;
  readonly spans: ReadableSpan[];
}

export class KeptTraces implements SpanProcessor {
  readonly #traces = new Map<string, KeptTrace>();

  /** The newest first. */
  get all(): readonly Trace[] {
    return [...this.#traces].reverse().map(([id, { name, spans }]) => ({ id, name, spans: ordered(spans) }));
  }

  onStart(span: ReadableSpan): void {
    if (span.kind !== SpanKind.SERVER) return;
    this.#traces.set(span.spanContext().traceId, { name: span.name, spans: [] });
    const [oldest] = this.#traces.keys();
    if (this.#traces.size > TRACES && oldest !== undefined) this.#traces.delete(oldest);
  }

  onEnd(span: ReadableSpan): void {
    const trace = this.#traces.get(span.spanContext().traceId);
    if (trace !== undefined && trace.spans.length < SPANS) trace.spans.push(span);
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    this.#traces.clear();
    return Promise.resolve();
  }
}

/** Parents before their children, in the order in which they started. */
function ordered(spans: readonly ReadableSpan[]): TracedSpan[] {
  const known = new Set(spans.map(idOf));
  const below = (parent: string | undefined, depth: number): TracedSpan[] =>
    spans
      .filter(({ parentSpanContext: { spanId } = {} }) => (known.has(spanId ?? '') ? spanId : undefined) === parent)
      .sort((one, other) => milliseconds(one.startTime) - milliseconds(other.startTime))
      .flatMap((span) => [shownSpan(span, depth), ...below(idOf(span), depth + 1)]);
  return below(undefined, 0);
}

const idOf = (span: ReadableSpan): string => span.spanContext().spanId;

function shownSpan({ name, duration, attributes, status }: ReadableSpan, depth: number): TracedSpan {
  const shown = Object.entries(attributes).filter(([attribute]) => attribute.startsWith(SHOWN));
  return {
    name,
    depth,
    milliseconds: Math.round(milliseconds(duration) * 10) / 10,
    isFailed: status.code === SpanStatusCode.ERROR,
    attributes: Object.fromEntries(shown),
  };
}

const milliseconds = ([seconds, nanoseconds]: HrTime): number => seconds * 1e3 + nanoseconds / 1e6;
