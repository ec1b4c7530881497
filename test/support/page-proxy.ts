/** A proxy in front of the emulator that can drop, delay or repeat requests to blobs. */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectionString } from './azurite.js';

/** The action of a request to a blob. */
export type PageAction =
  | 'look'
  | 'read'
  | 'snapshot'
  | 'create'
  | 'page'
  | 'metadata'
  | 'sequence'
  | 'copy'
  | 'delete'
  | 'list'
  | 'write'
  | 'other';

/**
 * `lose`: done, unanswered. `delay`: unanswered, and done just before the next request of the same action. `refuse`:
 * not done, unanswered. `deny`: not done, answered 404. `repeat`: done twice. An error of the service: not done,
 * answered so. A promise: not forwarded before it resolves.
 */
export type Fate = 'pass' | 'lose' | 'delay' | 'refuse' | 'deny' | 'repeat' | ServiceAnswer | Promise<unknown>;

export interface ServiceAnswer {
  readonly status: number;
  readonly code: string;
}

const isAnswer = (fate: Fate): fate is ServiceAnswer => typeof fate === 'object' && 'status' in fate;

/** Answers with an error in the format of the service. */
function refuse(response: ServerResponse, { status, code }: ServiceAnswer): void {
  const headers = { 'content-type': 'application/xml', 'x-ms-error-code': code };
  response.writeHead(status, headers).end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

export function actionOf({ method, url = '', headers }: IncomingMessage): PageAction {
  const parameters = new URL(url, 'http://host').searchParams;
  const comp = parameters.get('comp');
  if (method === 'HEAD') return 'look';
  if (method === 'DELETE') return 'delete';
  if (comp === 'list') return 'list';
  if (parameters.get('restype') === 'container' && comp === null) return 'other';
  if (method === 'GET' && comp === null) return 'read';
  if (method !== 'PUT') return 'other';
  if (comp === 'snapshot' || comp === 'metadata' || comp === 'page') return comp;
  if (comp === 'properties') return 'sequence';
  if (headers['x-ms-copy-source'] !== undefined) return 'copy';
  if (headers['x-ms-blob-type'] === 'BlockBlob' || comp === 'blocklist') return 'write';
  return headers['x-ms-blob-type'] === 'PageBlob' ? 'create' : 'other';
}

export class PageProxy {
  /** Decides by the action and the number of earlier requests with that action. */
  fate: (action: PageAction, earlier: number) => Fate = () => 'pass';
  readonly actions: PageAction[] = [];
  private readonly agent = new http.Agent({ keepAlive: true });
  private late: { readonly action: PageAction; readonly send: () => Promise<unknown> } | undefined;
  private readonly taken = new Set<Promise<unknown>>();
  private readonly server = http.createServer((request, response) => {
    const taken = this.take(request, response).catch(() => response.destroy());
    this.taken.add(taken);
    void taken.finally(() => this.taken.delete(taken));
  });

  static async start(): Promise<PageProxy> {
    const proxy = new PageProxy();
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  /** The connection string of the emulator, with the blob service behind the proxy. */
  get connectionString(): string {
    const { port } = this.server.address() as AddressInfo;
    return connectionString().replace(/(BlobEndpoint=http:\/\/127\.0\.0\.1):\d+/, `$1:${port}`);
  }

  /** Waits until every request received so far is done, even if nobody waits for its answer. */
  async idle(): Promise<void> {
    await Promise.all(this.taken);
  }

  clear(): void {
    this.actions.length = 0;
    this.fate = () => 'pass';
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const action = actionOf(request);
    const fate = this.fate(action, this.actions.filter((one) => one === action).length);
    this.actions.push(action);
    if (this.late?.action === action) {
      const { send } = this.late;
      this.late = undefined;
      await send();
    }
    if (fate === 'delay') {
      this.late = { action, send: () => this.answerOf(request, body) };
      return void response.destroy();
    }
    if (fate === 'refuse') return void response.destroy();
    if (fate === 'deny') return void response.writeHead(404, { 'x-ms-error-code': 'ResourceNotFound' }).end();
    if (isAnswer(fate)) {
      refuse(response, fate);
      return;
    }
    if (typeof fate !== 'string') await fate;
    if (fate === 'repeat') await this.answerOf(request, body);
    const answer = await this.answerOf(request, body);
    if (fate === 'lose') return void response.destroy();
    // a caller that has gone receives nothing
    if (response.destroyed) return;
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private async answerOf({ method, url: path, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    const port = /BlobEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(connectionString())?.[1];
    const { agent } = this;
    const forwarded = http.request({ host: '127.0.0.1', port, method, path, headers, agent });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode ?? 500, headers: answer.headers, body: Buffer.concat(chunks) };
  }
}

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}
