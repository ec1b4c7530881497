/** Sends the spans of the Azure SDKs, and thus those of the package, to OpenTelemetry. */
import { AzureSdkInstrumentation } from '@azure/opentelemetry-instrumentation-azure-sdk';
import * as coreTracing from '@azure/core-tracing';

/** Instrumentations hook modules loaded with `require`; ES modules have to be passed to them. */
export function sendAzureSpans(): void {
  for (const { name, patch } of new AzureSdkInstrumentation({ enabled: false }).getModuleDefinitions()) {
    if (name === '@azure/core-tracing') patch?.(coreTracing);
  }
}
