import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import type { ClinicSettings } from '../configuration/clinic-settings.js';
import { CLINIC } from '../configuration/configuration.module.js';
import { ReferralsController } from './referrals.controller.js';
import { REFERRALS, ReferralsHandler } from './referrals.handler.js';

@Module({
  imports: [
    EncryptedStorageModule.forFeatureAsync({
      queues: [REFERRALS],
      inject: [CLINIC],
      useFactory: (clinic: ClinicSettings) => ({ queues: { [REFERRALS]: clinic.resource(REFERRALS) } }),
    }),
  ],
  controllers: [ReferralsController],
  providers: [ReferralsHandler],
})
export class ReferralsModule {}
