/** An in-process vault under its own host name, over HTTPS and through a local proxy, for programs that support one. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createProxy, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { makeCertificate } from './certificate.js';
import type { InProcessVault } from './in-process-vault.js';

export interface VaultServer {
  /** The proxy that forwards only to the vault: `http://127.0.0.1:PORT`. */
  readonly proxy: string;
  /** Path of the certificate to trust, in PEM. */
  readonly certificate: string;
  stop(): Promise<void>;
}

export async function serveVault(vault: InProcessVault): Promise<VaultServer> {
  const { hostname } = new URL(vault.url);
  const { cert, key } = await makeCertificate(hostname);
  const folder = await mkdtemp(join(tmpdir(), 'vault-'));
  const certificate = join(folder, 'cert.pem');
  await writeFile(certificate, cert);
  const server = httpsServerOf(vault, { cert, key });
  const connections = new Set<Duplex>();
  const proxy = createProxy().on('connect', (request, socket, head) => {
    connections.add(socket.on('error', () => undefined).once('close', () => connections.delete(socket)));
    if (request.url !== `${hostname}:443`) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    socket.unshift(head);
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    return server.emit('connection', socket);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return {
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    certificate,
    stop: async () => {
      for (const socket of connections) socket.destroy();
      await Promise.all([once(proxy.close(), 'close'), rm(folder, { recursive: true })]);
    },
  };
}

/** It does not listen: the proxy passes connections to it. */
function httpsServerOf(vault: InProcessVault, certificate: { readonly cert: string; readonly key: string }): Server {
  const answer = async (request: IncomingMessage) =>
    vault.answer({
      url: `${vault.url}${request.url}`,
      authorization: request.headers.authorization,
      body: await text(request),
    });
  return createServer(certificate, (request, response) => {
    answer(request).then(
      ({ status, body, headers }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body === undefined ? '' : JSON.stringify(body));
      },
      (error: unknown) => response.destroy(error as Error),
    );
  });
}
