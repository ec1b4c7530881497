import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { REFERRALS, ReferralsConsumer, ReferralsController } from './referrals.js';

@Module({
  imports: [EncryptedStorageModule.forFeature({ queues: [{ name: REFERRALS, createIfNotExists: true }] })],
  controllers: [ReferralsController],
  providers: [ReferralsConsumer],
})
export class ReferralsModule {}
