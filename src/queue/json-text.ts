/**
 * JSON as the content of a message. A trace is stored in two members of the object, as in CloudEvents, so the content stays plain
 * JSON for every other SDK:
 *
 *     {"patient":"jane","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
 */
import { UnsupportedValueError } from '../errors/input.js';
import type { TraceHeaders } from '../tracing/trace-context.js';

/** The text of a value. Members of a trace never replace the value's own members. */
export function jsonText(value: unknown, trace: TraceHeaders): string {
  const traced = isPlainObject(value) && trace.traceparent !== undefined ? { ...trace, ...value } : value;
  const text = stringified(traced);
  if (text === undefined)
    throw new UnsupportedValueError(null, 'cannot be represented as JSON: send an object, a text or a number');
  return text;
}

/** `undefined` for functions and similar values, and for values that refer to themselves. */
function stringified(value: unknown): string | undefined {
  try {
    return (JSON.stringify as (given: unknown) => string | undefined)(value);
  } catch (cause) {
    // the error message about a circular structure names properties
    if (cause instanceof TypeError) return undefined;
    throw cause;
  }
}

/** The trace in the content of a message, and the content without it. */
export interface TracedJson {
  readonly headers: TraceHeaders;
  readonly value: unknown;
}

/** `undefined` if the content is not JSON, or contains no trace. */
export function tracedJson(content: Buffer): TracedJson | undefined {
  if (!content.includes(MARK)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isPlainObject(parsed)) return undefined;
  const { traceparent, tracestate, ...value } = parsed as Record<string, unknown>;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  return { headers: { traceparent, ...(typeof tracestate === 'string' ? { tracestate } : {}) }, value };
}

const MARK = '"traceparent"';
/** Version, trace id, id of the parent, flags. Source: W3C Trace Context, 3.2. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !('toJSON' in value);
