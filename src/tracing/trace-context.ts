/** A trace that continues in another process, in the format of W3C Trace Context. */
import { type Traceable, tracing } from './span.js';

/** The two headers of W3C Trace Context. */
export interface TraceHeaders {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** The headers of the span that the options belong to; none if no spans are recorded. */
export function traceHeadersOf({ tracingOptions }: Traceable): TraceHeaders {
  const { traceparent, tracestate } = tracing.createRequestHeaders(tracingOptions?.tracingContext);
  if (traceparent === undefined) return {};
  return { traceparent, ...(tracestate === undefined || tracestate === '' ? {} : { tracestate }) };
}

/** Options whose spans continue the trace. */
export function continuing({ traceparent }: TraceHeaders): Traceable {
  const tracingContext = traceparent === undefined ? undefined : tracing.parseTraceparentHeader(traceparent);
  return tracingContext === undefined ? {} : { tracingOptions: { tracingContext } };
}
