import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { REFERRALS, ReferralsController } from './referrals.controller.js';

@Module({
  imports: [EncryptedStorageModule.forFeature({ queues: [{ name: REFERRALS, createIfNotExists: true }] })],
  controllers: [ReferralsController],
})
export class ReferralsModule {}
