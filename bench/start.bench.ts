/** From the start of a process to a ready application: with this package, compared with only Nest and the SDKs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectPath } from '../test/support/project.js';
import type { Lab, Subject } from './support/lab.js';
import type { Row } from './support/report.js';
import { medianOf } from './support/rounds.js';
import { START_RATIO } from './support/targets.js';

const ROUNDS = 9;
const PROTOCOL = '2.0';

/** Programs that print a {@link Start} once they have a client of each service. */
const BEGINNING = `
  require('reflect-metadata');
  const { Module } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const connectionString = 'UseDevelopmentStorage=true';
  async function start(metadata, use) {
    const loaded = performance.now();
    class App {}
    Module(metadata)(App);
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    use(app);
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ loaded, ready: performance.now(), cpu: (user + system) / 1000 }));
    await app.close();
  }
`;
const PROGRAMS = {
  plain: `${BEGINNING}
    const { BlobServiceClient } = require('@azure/storage-blob');
    const { QueueServiceClient } = require('@azure/storage-queue');
    const { TableClient } = require('@azure/data-tables');
    const providers = [
      { provide: 'blobs', useFactory: () => BlobServiceClient.fromConnectionString(connectionString) },
      { provide: 'queues', useFactory: () => QueueServiceClient.fromConnectionString(connectionString) },
      { provide: 'table', useFactory: () => TableClient.fromConnectionString(connectionString, 'bench') },
    ];
    start({ providers }, (app) => [app.get('blobs').getContainerClient('bench'), app.get('queues').getQueueClient('bench'), app.get('table')]);
  `,
  sealed: `${BEGINNING}
    const sealed = require('nestjs-azure-encrypted-storage');
    class Entity {}
    sealed.EncryptedEntity({ table: 'bench', clear: '*' })(Entity);
    sealed.Encrypt()(Entity.prototype, 'name');
    const encryption = { protocol: '${PROTOCOL}', keyEncryptionKey: sealed.AesKeyEncryptionKey.generate('bench') };
    start({ imports: [sealed.EncryptedStorageModule.forRoot({ connection: { connectionString }, encryption })] }, (app) => [
      app.get(sealed.EncryptedBlobService).getContainerClient('bench'),
      app.get(sealed.EncryptedQueueService).getQueueClient('bench'),
      app.get(sealed.EncryptedTableService).getTableClient(Entity),
    ]);
  `,
} as const;

/**
 * Milliseconds from the start of the process until all is loaded and until the application is ready, and of CPU until
 * then.
 */
interface Start {
  readonly loaded: number;
  readonly ready: number;
  readonly cpu: number;
}

export const start: Subject = {
  name: 'start',
  run: async (lab) => {
    const found = await lab.measure(
      'start of an application',
      { plain: () => started('plain'), sealed: () => started('sealed') },
      lab.isQuick ? 1 : ROUNDS,
    );
    const ms = (kind: 'plain' | 'sealed', figure: keyof Start): number =>
      medianOf(found[kind], (taken) => taken[figure]);
    const row = (what: string, figure: keyof Start): Row => ({
      subject: 'start of an application, compared with Nest and the SDKs alone',
      case: what,
      protocol: PROTOCOL,
      unit: 'ms',
      plain: ms('plain', figure),
      encrypted: ms('sealed', figure),
      ratio: ms('plain', figure) / ms('sealed', figure),
      quiet: found.sealed.quiet,
    });
    return [
      row('loaded', 'loaded'),
      held(lab, row('ready', 'ready')),
      held(lab, row('ready, in milliseconds of CPU', 'cpu')),
    ];
  },
};

const held = (lab: Lab, row: Row): Row =>
  lab.isQuick
    ? row
    : { ...row, targets: [{ what: 'times plain', value: row.encrypted / row.plain!, atMost: START_RATIO }] };

async function started(kind: keyof typeof PROGRAMS): Promise<Start> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', PROGRAMS[kind]], { cwd: projectPath('.') });
  return JSON.parse(stdout) as Start;
}
