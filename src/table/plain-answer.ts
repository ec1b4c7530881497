/**
 * Responses of the table service as plain JSON. The SDK walks through each value of a row with a table of types in which all are
 * `any`: this changes no value, and takes as long as everything else that the SDK does for a row (bench/history.md). What it
 * would read from the headers of a page is read here. Failures are left to the SDK.
 */
import type { OperationOptions } from '@azure/core-client';

const OK = 200;

const isFailure = ({ status }: { readonly status: number }): boolean => status !== OK;

/** The same options, for such responses. A caller with `onResponse` gets responses as the SDK creates them. */
export function plainly<Options extends OperationOptions>(options: Options): Options {
  const { onResponse, requestOptions } = options;
  if (onResponse !== undefined || requestOptions?.shouldDeserialize !== undefined) return options;
  return { ...options, requestOptions: { ...requestOptions, shouldDeserialize: isFailure } };
}

/**
 * Removes a column `__proto__`, as the SDK's walk does. Its value would become the prototype of the row, whose members would look
 * like columns.
 */
export function dropPrototype(row: object): void {
  Reflect.deleteProperty(row, '__proto__');
}

interface Headers {
  get(name: string): string | undefined;
}

/** The token of the next page, as the SDK makes it of these headers; `undefined` after the last page. */
export function continuationTokenIn(headers: Headers): string | undefined {
  const nextPartitionKey = headers.get('x-ms-continuation-nextpartitionkey');
  const nextRowKey = headers.get('x-ms-continuation-nextrowkey');
  if (!nextPartitionKey) return undefined;
  const position = nextRowKey ? { nextPartitionKey, nextRowKey } : { nextPartitionKey };
  return Buffer.from(JSON.stringify(position)).toString('base64');
}
