/** The application as served: routes, page, API description, bodies and errors. */
import { NestFactory } from '@nestjs/core';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response } from 'express';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.js';
import { ClinicSettings } from './configuration/clinic-settings.js';
import type { ClinicConfiguration } from './configuration/configuration.module.js';
import { readBodies } from './http/bodies.js';
import { describeApi } from './http/openapi.js';
import { refuseOtherSites } from './http/own-site.js';
import { ProblemFilter } from './http/problem.filter.js';

const PAGE = fileURLToPath(new URL('../public', import.meta.url));
/** The page needs nothing from other sites, and must not load anything from them. */
const PAGE_HEADERS = {
  'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

export interface Clinic {
  readonly url: string;
  readonly settings: ClinicSettings;
  close(): Promise<void>;
}

/** Starts on the loopback address: the clinic has no sign-in. */
export async function startClinic(configuration: ClinicConfiguration, logger?: LoggerService): Promise<Clinic> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(configuration), {
    abortOnError: false,
    bodyParser: false,
    // an unread download must not delay shutdown
    forceCloseConnections: true,
    ...(logger === undefined ? {} : { logger }),
  });
  const settings = app.get(ClinicSettings);
  app.disable('x-powered-by');
  app.useGlobalFilters(new ProblemFilter());
  app.use(refuseOtherSites);
  readBodies(app);
  describeApi(app);
  app.useStaticAssets(PAGE, { setHeaders: (response: Response) => response.set(PAGE_HEADERS) });
  try {
    await app.listen(settings.port, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = app.getHttpServer().address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, settings, close: () => app.close() };
}
