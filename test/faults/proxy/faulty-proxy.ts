/**
 * A proxy in front of all three services of an account. It passes everything through, except the requests that a fault
 * hits.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { Exchange, type Target } from './exchange.js';
import type { Fault } from './faults.js';

/** The requests of a try that a fault hits, counted from 0. */
export type Hits = (index: number) => boolean;

export class FaultyProxy {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #pending = new Set<Promise<void>>();
  #plan: { readonly fault: Fault; readonly hits: Hits } | undefined;
  #requests = 0;
  #connectionString = '';

  /** A proxy for the account in the connection string. */
  static async start(connectionString: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy();
    const parts = connectionString.split(';').map((part) => proxy.#throughProxy(part));
    proxy.#connectionString = (await Promise.all(parts)).join(';');
    return proxy;
  }

  /** The connection string of the account through this proxy. */
  get connectionString(): string {
    return this.#connectionString;
  }

  /** Requests since the fault was activated. */
  get requests(): number {
    return this.#requests;
  }

  inject(fault: Fault, hits: Hits): void {
    this.#plan = { fault, hits };
    this.#requests = 0;
  }

  /** Passes everything through again; stalled requests stay stalled. */
  lift(): void {
    this.#plan = undefined;
  }

  /** The same, but ends stalled requests and waits for requests that are still on their way to the service. */
  async heal(): Promise<void> {
    const stalled = this.#plan?.fault.stalls === true;
    this.lift();
    if (stalled) for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#pending);
  }

  async close(): Promise<void> {
    await this.heal();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map(async (server) => once(server.close(), 'close')));
  }

  async #throughProxy(part: string): Promise<string> {
    const [, service, url] = /^(\w+Endpoint)=(.*)$/.exec(part) ?? [];
    if (url === undefined) return part;
    const { hostname, port, pathname } = new URL(url);
    const server = createServer((request, response) => {
      this.#take(request, response, { host: hostname, port: Number(port) });
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `${service}=http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`;
  }

  #take(request: IncomingMessage, response: ServerResponse, target: Target): void {
    const index = this.#requests++;
    const plan = this.#plan;
    const exchange = new Exchange(request, response, target);
    const act = plan?.hits(index) === true ? plan.fault.act : passOn;
    const work = act(exchange)
      .catch(() => {
        exchange.cut();
      })
      .finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }
}

const passOn = async (exchange: Exchange): Promise<void> => {
  exchange.reply(await exchange.ask());
};
