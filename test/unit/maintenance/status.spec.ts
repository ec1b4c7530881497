/** How many requests a status takes while a job works on thousands of shards. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { AnonymousCredential, ContainerClient } from '@azure/storage-blob';
import { maintenanceStatus } from '../../../src/maintenance/status.js';

const MOST_LISTED = 5000;

/** An account that has these documents, by name, and lists 5,000 of them at a time. */
class StateServer {
  readonly documents = new Map<string, { readonly body?: string; readonly facts?: string }>();
  readonly requests: string[] = [];
  private readonly server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://state');
    this.requests.push(`${request.method} ${searchParams.get('comp') ?? 'read'}`);
    const { body } = this.documents.get(decodeURIComponent(pathname.replace('/state/', ''))) ?? {};
    if (searchParams.get('comp') === 'list')
      response.writeHead(200, { 'Content-Type': 'application/xml' }).end(this.list(searchParams));
    else if (body === undefined) response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
    else response.writeHead(200, { ETag: '"1"', 'Content-Length': body.length }).end(body);
  });

  async start(): Promise<ContainerClient> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const { port } = this.server.address() as AddressInfo;
    return new ContainerClient(`http://127.0.0.1:${port}/state`, new AnonymousCredential());
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private list(parameters: URLSearchParams): string {
    const prefix = parameters.get('prefix') ?? '';
    const from = Number(parameters.get('marker') ?? 0);
    const to = from + Math.min(MOST_LISTED, Number(parameters.get('maxresults') ?? MOST_LISTED));
    const found = [...this.documents].filter(([name]) => name.startsWith(prefix)).sort();
    const blobs = found
      .slice(from, to)
      .map(([name, { facts = '' }]) => `<Blob><Name>${name}</Name><Metadata>${facts}</Metadata></Blob>`);
    const marker = to < found.length ? to : '';
    return `<EnumerationResults><Blobs>${blobs.join('')}</Blobs><NextMarker>${marker}</NextMarker></EnumerationResults>`;
  }
}

let server: StateServer;
let state: ContainerClient;
beforeEach(async () => {
  server = new StateServer();
  state = await server.start();
});
afterEach(() => server.stop());

const addShards = (pass: 'work' | 'census', count: number, facts: string): void => {
  server.documents.set(`leave/1/${pass}/plan.json`, { body: '{}' });
  for (let index = 0; index < count; index += 1) {
    server.documents.set(`leave/1/${pass}/shards/${String(index).padStart(7, '0')}.json`, { facts });
  }
};
const DONE = '<finished>true</finished><seen>20</seen><acted>19</acted><failed>1</failed>';
const BEGUN = '<finished>false</finished><seen>5</seen><acted>0</acted><failed>0</failed>';

it.each([
  [5000, 2],
  [5001, 3],
])('of %i shards takes %i requests', async (shards, requests) => {
  server.documents.set('leave/job.json', { body: '{"finished":0}' });
  addShards('work', shards, DONE);

  expect(await maintenanceStatus(state, 'leave')).toMatchObject({
    finishedRuns: 0,
    running: { pass: 'work', shards, shardsDone: shards, seen: 20 * shards, done: 19 * shards, failed: shards },
  });
  expect(server.requests).toHaveLength(requests);
});

it('of 5,000 shards of the census also takes two', async () => {
  server.documents.set('leave/job.json', { body: '{"finished":0,"pass":"census"}' });
  addShards('work', 5000, DONE);
  addShards('census', 5000, BEGUN);

  expect(await maintenanceStatus(state, 'leave')).toMatchObject({
    running: { pass: 'census', shards: 5000, shardsDone: 0, seen: 25_000 },
  });
  expect(server.requests).toEqual(['GET read', 'GET list']);
});

it('of a job that has never run takes one', async () => {
  expect(await maintenanceStatus(state, 'leave')).toBeNull();
  expect(server.requests).toHaveLength(1);
});
