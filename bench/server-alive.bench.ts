/** Whether a Nest application still responds while it seals a gigabyte and opens another one. */
import 'reflect-metadata';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Controller, Get, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type EncryptedBlobService,
  EncryptedStorageModule,
  getEncryptedBlobServiceToken,
} from 'nestjs-azure-encrypted-storage';
import type { Lab, Subject } from './support/lab.js';
import type { Row } from './support/report.js';
import { medianOf, type Samples } from './support/rounds.js';
import { percentile } from './support/statistics.js';
import type { ContentKind } from './support/stored-content.js';
import { BENCH_ACCOUNT, benchKey, drain, MIB, streamOf } from './support/transfer.js';

const FAST = 400e6;
const BLOCK_LENGTH = 4 * MIB;

@Controller()
class AliveController {
  @Get()
  alive(): string {
    return 'alive';
  }
}

/** Response times of the route, in milliseconds, during an upload and a download. */
interface RouteSample {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export const serverAlive: Subject = {
  name: 'server-alive',
  run: async (lab) => {
    const load = fork(fileURLToPath(new URL('support/route-load.js', import.meta.url)), {
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    const applications = { '1.0': await start(lab, '1.0'), '2.0': await start(lab, '2.0') };
    try {
      await lab.server.pace(FAST);
      return await underLoad(lab, applications, load);
    } finally {
      for (const application of Object.values(applications)) await application.close();
      load.disconnect();
    }
  },
};

type Applications = Readonly<Record<'1.0' | '2.0', INestApplication>>;

async function start(lab: Lab, protocol: '1.0' | '2.0'): Promise<INestApplication> {
  const connection = { blobEndpoint: lab.server.url, credential: BENCH_ACCOUNT };
  const encryption = { protocol, keyEncryptionKey: benchKey() };
  class AliveModule {}
  Module({
    imports: [EncryptedStorageModule.forRoot({ connection, encryption })],
    controllers: [AliveController],
  })(AliveModule);
  const application = await NestFactory.create(AliveModule, { logger: false });
  await application.listen(0, '127.0.0.1');
  return application;
}

async function underLoad(lab: Lab, applications: Applications, load: ChildProcess): Promise<Row[]> {
  const length = (lab.isQuick ? 64 : 1024) * MIB;
  const take = (kind: ContentKind) => async (): Promise<RouteSample> => {
    const application = applications[kind === 'plain' ? '2.0' : kind];
    return routeDuring(await application.getUrl(), load, () => transferBoth(application, kind, length));
  };
  const idle = async (): Promise<RouteSample> =>
    routeDuring(await applications['2.0'].getUrl(), load, () => new Promise((resolve) => setTimeout(resolve, 1000)));
  const found = await lab.compare('server alive', {
    idle,
    plain: take('plain'),
    '1.0': take('1.0'),
    '2.0': take('2.0'),
  });
  return (['1.0', '2.0'] as const).flatMap((protocol) =>
    (['p50', 'p99'] as const).map((figure) => rowOf(figure, protocol, { ...found, sealed: found[protocol] })),
  );
}

/** One upload and one download at the same time. */
async function transferBoth(application: INestApplication, kind: ContentKind, length: number): Promise<void> {
  const encrypted = application.get<EncryptedBlobService>(getEncryptedBlobServiceToken());
  const service = kind === 'plain' ? encrypted.unencryptedServiceClient : encrypted;
  const blob = service.getContainerClient('bench').getBlockBlobClient(`${kind}-${length}`);
  const down = async (): Promise<void> => {
    const { readableStreamBody } = await blob.download();
    await drain(readableStreamBody as Readable, length);
  };
  await Promise.all([blob.uploadStream(streamOf(length), BLOCK_LENGTH, 4), down()]);
}

async function routeDuring(url: string, load: ChildProcess, work: () => Promise<unknown>): Promise<RouteSample> {
  load.send({ url });
  await work();
  const answered = once(load, 'message');
  load.send({});
  const [latencies] = (await answered) as [number[]];
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: Math.max(...latencies),
  };
}

interface Found {
  readonly idle: Samples<RouteSample>;
  readonly plain: Samples<RouteSample>;
  readonly sealed: Samples<RouteSample>;
}

function rowOf(figure: 'p50' | 'p99', protocol: '1.0' | '2.0', { idle, plain, sealed }: Found): Row {
  const ms = (samples: Samples<RouteSample>, of: keyof RouteSample = figure): number =>
    medianOf(samples, (one) => one[of]);
  return {
    subject: 'a route of a Nest server that seals and opens at 400 MB/s meanwhile',
    case: `${figure} of the route (idle ${ms(idle).toFixed(1)} ms; max ${ms(plain, 'max').toFixed(0)} plain, ${ms(sealed, 'max').toFixed(0)} encrypted)`,
    protocol,
    unit: 'ms',
    plain: ms(plain),
    encrypted: ms(sealed),
    ratio: ms(plain) / ms(sealed),
    quiet: sealed.quiet,
  };
}
