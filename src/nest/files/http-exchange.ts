/** A request and its response: the part that Express and Fastify have in common. */
import type { ServerResponse } from 'node:http';
import type { RequestHeaders } from './conditions.js';

/** A request of Express or Fastify. */
export interface HttpRequest {
  readonly method: string;
  readonly headers: RequestHeaders;
}

/** A response of Express, or a reply of Fastify. */
export interface HttpResponse {
  /** Sets the status. */
  status(code: number): unknown;
  /** Sets a header. */
  header(name: string, value: string): unknown;
}

/** One request and its response. */
export interface HttpExchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
}

/** Node's own response. */
export const rawResponse = (response: HttpResponse): ServerResponse =>
  ((response as { readonly raw?: unknown }).raw ?? response) as ServerResponse;

/** Aborts when the response ends, even after a complete one, which may be an error sent instead of opened content. */
export function disconnectSignal({ response }: HttpExchange): AbortSignal {
  const controller = new AbortController();
  const raw = rawResponse(response);
  if (raw.destroyed) controller.abort();
  raw.once('close', () => {
    controller.abort();
  });
  return controller.signal;
}
