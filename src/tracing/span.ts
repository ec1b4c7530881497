/**
 * Spans of the Azure SDKs' tracing. Nothing happens until an application registers an instrumenter. A span contains only what
 * {@link SpanFacts} names. A failure is recorded by class and code, because messages of foreign errors may quote content.
 */
import {
  createTracingClient,
  type OperationTracingOptions,
  type TracingContext,
  type TracingSpan,
} from '@azure/core-tracing';
import { printable } from '../encoding/printable.js';
import { PACKAGE_NAME, PACKAGE_VERSION } from '../version.js';

export const tracing = createTracingClient({
  namespace: 'Microsoft.Storage',
  packageName: PACKAGE_NAME,
  packageVersion: PACKAGE_VERSION,
});

export interface Traceable {
  readonly tracingOptions?: OperationTracingOptions;
}

/** Everything that a span contains. Bytes are counts, never contents. */
export interface SpanFacts {
  readonly protocol?: string;
  readonly keyId?: string;
  readonly wrapAlgorithm?: string;
  /** Where a key wraps: `process` or `service`. */
  readonly wrapLocation?: string;
  /** `hit` if the content key was cached by an earlier read, so that its key was not called. */
  readonly keyCache?: string;
  /** Expiry of the key version that writes, as an ISO date. */
  readonly keyExpiresOn?: string;
  readonly plaintextBytes?: number;
  readonly ciphertextBytes?: number;
  /** The mode of integrity of the policy. */
  readonly integrity?: string;
}

const ATTRIBUTES: Readonly<Record<keyof SpanFacts, string>> = {
  protocol: 'encryption.protocol',
  keyId: 'encryption.key_id',
  wrapAlgorithm: 'encryption.wrap_algorithm',
  wrapLocation: 'encryption.wrap_location',
  keyCache: 'encryption.key_cache',
  keyExpiresOn: 'encryption.key_expires_on',
  plaintextBytes: 'encryption.plaintext_bytes',
  ciphertextBytes: 'encryption.ciphertext_bytes',
  integrity: 'encryption.integrity',
};

type RecordFacts = (facts: SpanFacts) => void;

/** Runs `work` in a span. Spans made with the options that `work` gets, including those of the SDK, become children of it. */
export async function traced<Options extends Traceable, Result>(
  name: string,
  options: Options,
  work: (options: Options, record: RecordFacts) => Promise<Result>,
): Promise<Result> {
  const above = unrecordedAbove(options);
  if (above !== undefined) return tracing.withContext(above, work, options, ignored);
  const span = startSpan(name, options);
  try {
    const result = await tracing.withContext(span.context, () => work(span.options, span.record));
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

/** The same for work that is done when it returns. */
export function tracedStep<Result>(name: string, options: Traceable, work: (record: RecordFacts) => Result): Result {
  const span = startSpan(name, options);
  try {
    const result = tracing.withContext(span.context, () => work(span.record));
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}

interface OpenSpan<Options extends Traceable> {
  /** The given options, for spans that are to be children of this one. */
  readonly options: Options;
  readonly context: TracingContext;
  readonly record: RecordFacts;
  /** Ends the span, with a failure if there is one. Only the first call counts. */
  readonly end: (failure?: unknown) => void;
}

/** Contexts of spans that record nothing, because there is no instrumenter, or because it does not sample them. */
const UNRECORDED = new WeakSet<TracingContext>();

/** The context of the span above, if it records nothing. */
function unrecordedAbove({ tracingOptions }: Traceable): TracingContext | undefined {
  const above = tracingOptions?.tracingContext;
  return above !== undefined && UNRECORDED.has(above) ? above : undefined;
}

/**
 * Starts a span for something that outlives a call, such as a stream. The caller must end it. Below a span that records nothing
 * no further spans are created: a page would have two for each row, and nobody would see them.
 */
export function startSpan<Options extends Traceable>(name: string, options: Options): OpenSpan<Options> {
  const above = unrecordedAbove(options);
  if (above !== undefined) return { options, context: above, record: ignored, end: ignored };
  const { span, updatedOptions } = tracing.startSpan(name, options, { spanKind: 'internal' });
  const { tracingContext: context } = updatedOptions.tracingOptions;
  if (!span.isRecording()) UNRECORDED.add(context);
  return { options: updatedOptions, context, record: recorderOf(span), end: endingOf(span) };
}

const ignored = (): void => undefined;

const recorderOf =
  (span: TracingSpan): RecordFacts =>
  (facts) => {
    if (!span.isRecording()) return;
    for (const [fact, value] of Object.entries(facts)) {
      if (value === undefined) continue;
      span.setAttribute(ATTRIBUTES[fact as keyof SpanFacts], typeof value === 'string' ? printable(value) : value);
    }
  };

function endingOf(span: TracingSpan): (failure?: unknown) => void {
  let isEnded = false;
  return (failure) => {
    if (isEnded) return;
    isEnded = true;
    span.setStatus(failure === undefined ? { status: 'success' } : { status: 'error', error: nameOfFailure(failure) });
    span.end();
  };
}

function nameOfFailure(failure: unknown): string {
  const { name, code, statusCode } = (failure ?? {}) as { name?: unknown; code?: unknown; statusCode?: unknown };
  const parts = [name, code, statusCode].filter((part) => typeof part === 'string' || typeof part === 'number');
  return parts.length === 0 ? 'Error' : parts.join(' ');
}
