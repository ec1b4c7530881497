import { type DynamicModule, Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from '../keys/clinic-keys.js';
import { Patient } from './patient.entity.js';
import { PatientsController } from './patients.controller.js';

export const PATIENTS = 'patients';

@Module({})
export class PatientsModule {
  static with(keys: ClinicKeys): DynamicModule {
    return {
      module: PatientsModule,
      imports: [
        EncryptedStorageModule.forFeature({
          encryption: keys.ofWards,
          tables: [{ entity: Patient, table: PATIENTS, createIfNotExists: true }],
        }),
      ],
      controllers: [PatientsController],
    };
  }
}
