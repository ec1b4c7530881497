/**
 * A proxy in front of the emulator that can spoil its answers: it breaks connections, drops and rewrites headers.
 * Requests are passed on unchanged; header names in answers are lower-cased, as many proxies do.
 */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectionString } from './azurite.js';

export interface Exchange {
  readonly request: IncomingMessage;
  /** The emulator's answer. */
  readonly answer: IncomingMessage;
  readonly response: ServerResponse;
}

export class AnswersProxy {
  /** Handles each answer; unhandled answers are passed on. Returns whether it has handled the answer. */
  spoil: (exchange: Exchange) => boolean = () => false;
  /** Intercepts requests before they reach the emulator. Returns whether it has answered the request. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** Requests so far, oldest first. */
  readonly requests: IncomingMessage[] = [];
  private readonly agent = new http.Agent({ keepAlive: true });
  private readonly server = http.createServer((request, response) => {
    this.requests.push(request);
    if (!this.answer(request, response)) this.forward(request, response);
  });

  private constructor(private readonly service: 'Blob' | 'Queue' | 'Table') {}

  static async start(service: 'Blob' | 'Queue' | 'Table' = 'Blob'): Promise<AnswersProxy> {
    const proxy = new AnswersProxy(service);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** The connection string of the emulator, with the service behind the proxy. */
  get connectionString(): string {
    const { port } = this.server.address() as AddressInfo;
    return connectionString().replace(this.endpoint, `$1${port}`);
  }

  private get endpoint(): RegExp {
    return new RegExp(`(${this.service}Endpoint=http://127\\.0\\.0\\.1:)(\\d+)`);
  }

  /** Ranges of the reads since the last `clear`, as `first-last`. */
  get ranges(): readonly string[] {
    return this.requests
      .filter(({ method }) => method === 'GET')
      .map(({ headers }) => String(headers['x-ms-range'] ?? headers.range ?? 'all').replace('bytes=', ''));
  }

  clear(): void {
    this.requests.length = 0;
    this.spoil = () => false;
    this.answer = () => false;
  }

  async close(): Promise<void> {
    // an unread answer would keep the process alive
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private forward(request: IncomingMessage, response: ServerResponse): void {
    const { method, url: path, rawHeaders } = request;
    const names = rawHeaders.filter((_, index) => index % 2 === 0);
    const headers = Object.fromEntries(names.map((name, index) => [name, rawHeaders[2 * index + 1]]));
    const port = this.endpoint.exec(connectionString())?.[2];
    const { agent } = this;
    const forwarded = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      if (this.spoil({ request, answer, response })) return;
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  }
}

/** Passes on the head and this many bytes of the body, then breaks the connection; shorter bodies arrive completely. */
export function breakAfter(bytes: number): AnswersProxy['spoil'] {
  return ({ request, answer, response }) => {
    if (request.method !== 'GET') return false;
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    response.flushHeaders();
    const chunks: Buffer[] = [];
    answer.on('end', () => response.end(Buffer.concat(chunks)));
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const body = Buffer.concat(chunks);
      if (body.length < bytes) return;
      answer.destroy();
      response.write(body.subarray(0, bytes), () => setImmediate(() => request.socket.destroy()));
    });
    return true;
  };
}

/** Keeps status and headers, and replaces the body. */
export function withBody(change: (body: string) => string): AnswersProxy['spoil'] {
  return ({ answer, response }) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = change(Buffer.concat(chunks).toString());
      const { 'transfer-encoding': _framing, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
    return true;
  };
}

/** Keeps the rest of the answer, and replaces or removes a header. */
export function withHeader(name: string, value: string | undefined): AnswersProxy['spoil'] {
  return ({ answer, response }) => {
    const { [name]: _value, ...headers } = answer.headers;
    response.sendDate = false;
    response.writeHead(answer.statusCode ?? 500, value === undefined ? headers : { ...headers, [name]: value });
    answer.pipe(response);
    return true;
  };
}
