import { Controller, Get, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type Context, context, SpanKind, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  NodeTracerProvider,
  ParentBasedSampler,
  type Sampler,
  type SamplingResult,
} from '@opentelemetry/sdk-trace-node';
import { sendAzureSpans } from './azure-spans.js';
import { KeptTraces } from './kept-traces.js';
import { Trace } from './trace.dto.js';

@ApiTags('traces')
@Controller('traces')
export class TracesController {
  constructor(private readonly traces: KeptTraces) {}

  @Get()
  @ApiOperation({ summary: 'The last requests as spans, with the encryption details of the package' })
  @ApiResponse({ status: 200, type: [Trace] })
  list(): readonly Trace[] {
    return this.traces.all;
  }
}

/** Traces start with a request, so background work such as polling the queue is not traced. */
class RequestSampler implements Sampler {
  readonly #on = new AlwaysOnSampler();
  readonly #off = new AlwaysOffSampler();

  // eslint-disable-next-line no-restricted-syntax -- the SDK's signature
  shouldSample(_context: Context, _traceId: string, _name: string, kind: SpanKind): SamplingResult {
    return (kind === SpanKind.SERVER ? this.#on : this.#off).shouldSample();
  }

  toString(): string {
    return 'RequestSampler';
  }
}

@Module({ controllers: [TracesController], providers: [KeptTraces] })
export class TracingModule implements OnModuleInit, OnModuleDestroy {
  readonly #provider: NodeTracerProvider;

  constructor(traces: KeptTraces) {
    this.#provider = new NodeTracerProvider({
      sampler: new ParentBasedSampler({ root: new RequestSampler() }),
      spanProcessors: [traces],
    });
  }

  onModuleInit(): void {
    this.#provider.register();
    sendAzureSpans();
  }

  async onModuleDestroy(): Promise<void> {
    trace.disable();
    context.disable();
    await this.#provider.shutdown();
  }
}
