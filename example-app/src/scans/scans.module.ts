import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { SCANS, ScansController } from './scans.controller.js';

/** An older program has stored scans in protocol 1.0: this module reads them too, and writes as the rest of the application does. */
@Module({
  imports: [
    EncryptedStorageModule.forFeature({
      encryption: { readProtocols: ['1.0', '2.0', '2.1'] },
      containers: [{ name: SCANS, createIfNotExists: true }],
    }),
  ],
  controllers: [ScansController],
})
export class ScansModule {}
