/** Lets the spans of the Azure SDKs, and with them those of the package, go to OpenTelemetry. */
import { AzureSdkInstrumentation } from '@azure/opentelemetry-instrumentation-azure-sdk';
import * as coreTracing from '@azure/core-tracing';

/** Instrumentations wait for modules to be loaded by `require`; ES modules are handed to them. */
export function sendAzureSpans(): void {
  for (const { name, patch } of new AzureSdkInstrumentation({ enabled: false }).getModuleDefinitions()) {
    if (name === '@azure/core-tracing') patch?.(coreTracing);
  }
}
