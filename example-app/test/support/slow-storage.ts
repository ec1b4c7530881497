/** A storage service that can stop accepting bytes: a proxy between the application and its emulator. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export class SlowStorage {
  /** Bytes that the application has sent. */
  taken = 0;
  private isStalled = false;
  private readonly open = new Set<Socket>();
  private readonly server = createServer({ pauseOnConnect: true });

  /** The connection string with the blob endpoint of this proxy. */
  async before(connectionString: string): Promise<string> {
    const port = Number(/BlobEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(connectionString)?.[1]);
    this.server.on('connection', (client) => {
      this.join(client, connect(port, '127.0.0.1'));
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const own = (this.server.address() as AddressInfo).port;
    return connectionString.replace(`BlobEndpoint=http://127.0.0.1:${port}`, `BlobEndpoint=http://127.0.0.1:${own}`);
  }

  stall(): void {
    this.isStalled = true;
  }

  resume(): void {
    this.isStalled = false;
    for (const client of this.open) client.resume();
  }

  close(): void {
    for (const socket of this.open) socket.destroy();
    this.server.close();
  }

  private join(client: Socket, service: Socket): void {
    this.open.add(client);
    const end = (): void => {
      this.open.delete(client);
      client.destroy();
      service.destroy();
    };
    for (const socket of [client, service]) socket.on('error', end).on('close', end);
    service.pipe(client);
    client.on('data', (bytes) => {
      this.taken += bytes.length;
      service.write(bytes);
      if (this.isStalled) client.pause();
    });
    client.resume();
  }
}
