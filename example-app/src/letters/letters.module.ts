import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import type { ClinicSettings } from '../configuration/clinic-settings.js';
import { CLINIC } from '../configuration/configuration.module.js';
import { LETTERS, LettersController } from './letters.controller.js';

/** Letters are read by an older program that only supports protocol 1.0, so this module has its own policy. */
@Module({
  imports: [
    EncryptedStorageModule.forFeatureAsync({
      containers: [LETTERS],
      inject: [CLINIC],
      useFactory: (clinic: ClinicSettings) => ({
        encryption: { protocol: '1.0' },
        containers: { [LETTERS]: clinic.resource(LETTERS) },
      }),
    }),
  ],
  controllers: [LettersController],
})
export class LettersModule {}
