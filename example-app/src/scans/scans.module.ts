import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import type { ClinicSettings } from '../configuration/clinic-settings.js';
import { CLINIC } from '../configuration/configuration.module.js';
import { SCANS, ScansController } from './scans.controller.js';

/**
 * An older program has stored scans in protocol 1.0: this module reads them too, and writes like the rest of the
 * application.
 */
@Module({
  imports: [
    EncryptedStorageModule.forFeatureAsync({
      containers: [SCANS],
      inject: [CLINIC],
      useFactory: (clinic: ClinicSettings) => ({
        encryption: { readProtocols: ['1.0', '2.0', '2.1'] },
        containers: { [SCANS]: clinic.resource(SCANS) },
      }),
    }),
  ],
  controllers: [ScansController],
})
export class ScansModule {}
