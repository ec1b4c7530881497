/** The same controllers behind Express and behind Fastify. */
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import multipart from '@fastify/multipart';
import { type INestApplication, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { SILENT, optionsOf } from './nest.js';

export const PLATFORMS = ['Express', 'Fastify'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface ListeningApp {
  readonly app: INestApplication;
  readonly url: string;
}

/** A listening application with clients of one container; the test closes it. */
export async function listening(
  platform: Platform,
  controller: Type<unknown>,
  container: string,
): Promise<ListeningApp> {
  @Module({
    imports: [
      EncryptedStorageModule.forRoot(optionsOf({ readProtocols: ['1.0', '2.0'] })),
      EncryptedStorageModule.forFeature({ containers: [{ name: container, createIfNotExists: true }] }),
    ],
    controllers: [controller],
  })
  class AppModule {}
  const app = await (platform === 'Express' ? onExpress(AppModule) : onFastify(AppModule));
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}` };
}

const onExpress = (module: Type<unknown>): Promise<INestApplication> =>
  NestFactory.create(module, new ExpressAdapter(), { logger: SILENT });

async function onFastify(module: Type<unknown>): Promise<INestApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), { logger: SILENT });
  await app.register(multipart, { limits: { fileSize: 1024 ** 3 } });
  return app;
}
