import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { DemonstrationController } from './demonstration.controller.js';
import { StorageReads } from './storage-reads.js';
import { TamperedPatients } from './tampered-patients.js';

@Module({ controllers: [DemonstrationController], providers: [StorageReads, TamperedPatients] })
export class DemonstrationModule implements NestModule {
  constructor(private readonly reads: StorageReads) {}

  configure(consumer: MiddlewareConsumer): void {
    const watch = (request: Request, response: Response, next: NextFunction): void => {
      this.reads.watch(request, response, next);
    };
    consumer.apply(watch).forRoutes('scans/:name');
  }
}
