import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { SCANS, ScansController } from './scans.controller.js';

@Module({
  imports: [EncryptedStorageModule.forFeature({ containers: [{ name: SCANS, createIfNotExists: true }] })],
  controllers: [ScansController],
})
export class ScansModule {}
