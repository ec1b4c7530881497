/** A path to the emulator that can be cut: connections stay open, but nothing passes through any longer. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { QueueServiceClient } from '@azure/storage-queue';
import { connectionString } from './azurite.js';

export class Partition {
  #isCut = false;
  readonly #sockets = new Set<Socket>();

  private constructor(
    /** Its requests go through this path. */
    readonly service: QueueServiceClient,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async open(): Promise<Partition> {
    const endpoint = /QueueEndpoint=([^;]+)/.exec(connectionString())?.[1] ?? '';
    const { hostname, port } = new URL(endpoint);
    const server = createServer((client) => partition.#join(client, connect(Number(port), hostname)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port: own } = server.address() as AddressInfo;
    const through = connectionString().replace(/(QueueEndpoint=http:\/\/)[^/]+/, `$1127.0.0.1:${own}`);
    const partition = new Partition(QueueServiceClient.fromConnectionString(through), server);
    return partition;
  }

  cut(): void {
    this.#isCut = true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #join(client: Socket, service: Socket): void {
    const pass = (from: Socket, to: Socket): void => {
      this.#sockets.add(from);
      from.on('data', (bytes) => {
        if (!this.#isCut) to.write(bytes);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    };
    pass(client, service);
    pass(service, client);
  }
}
