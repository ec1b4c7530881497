/** The recipe of docs/observability.md, with the exporter of OpenTelemetry. */
import { context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { QueueServiceClient } from '@azure/storage-queue';
import { EncryptedQueueService } from 'nestjs-azure-encrypted-storage';
import { policyOf } from '../../support/blobs.js';
import { docsSample } from '../../support/docs-samples.js';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(async () => {
  provider.register();
  const { recordAzureSpans } = await docsSample('docs/observability.md', 'recordAzureSpans');
  (recordAzureSpans as () => void)();
});
afterAll(async () => {
  trace.disable();
  context.disable();
  await provider.shutdown();
});

it('the spans of an operation and of its parts are exported below the span of the application', async () => {
  const httpClient = {
    sendRequest: () => Promise.reject(Object.assign(new Error('there is no service'), { name: 'AbortError' })),
  };
  const service = new QueueServiceClient('https://ward.queue.example', undefined, { httpClient });
  const queue = new EncryptedQueueService(() => service, policyOf('2.0')).getQueueClient('referrals');

  await trace.getTracer('clinic').startActiveSpan('refer', async (span) => {
    await expect(queue.sendMessage('a referral')).rejects.toThrow('there is no service');
    span.end();
  });

  const spans = exporter.getFinishedSpans();
  const parents = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const parentOf = (name: string) =>
    parents.get(spans.find((span) => span.name === name)?.parentSpanContext?.spanId ?? '');
  expect(parentOf('EncryptedQueueClient.sendMessage')).toBe('refer');
  expect(parentOf('KeyEncryptionKey.wrapKey')).toBe('EncryptedQueueClient.sendMessage');
  expect(parentOf('Content.seal')).toBe('EncryptedQueueClient.sendMessage');
  expect(parentOf('QueueClient-sendMessage')).toBe('EncryptedQueueClient.sendMessage');
});
