import { Module } from '@nestjs/common';
import {
  EncryptedStorageModule,
  type EncryptedTableClient,
  getEncryptedTableToken,
} from 'nestjs-azure-encrypted-storage';
import type { ClinicSettings } from '../configuration/clinic-settings.js';
import { CLINIC } from '../configuration/configuration.module.js';
import { Patient, PATIENTS } from './patient.entity.js';
import { PatientsController } from './patients.controller.js';

/** The source for maintenance. */
export const PATIENT_ROWS = Symbol('The rows of patients as a source for maintenance');

/** Rows are encrypted with the keys of their wards, and found by tags under the search key. */
@Module({
  imports: [
    EncryptedStorageModule.forFeatureAsync({
      tables: [Patient],
      inject: [CLINIC],
      useFactory: (clinic: ClinicSettings) => ({
        encryption: { ...clinic.keys.ofWards, searchKeys: clinic.searchKeys },
        tables: [{ entity: Patient, table: clinic.nameOf(PATIENTS), createIfNotExists: true }],
      }),
    }),
  ],
  controllers: [PatientsController],
  providers: [
    {
      provide: PATIENT_ROWS,
      inject: [getEncryptedTableToken(Patient)],
      useFactory: (patients: EncryptedTableClient<Patient>) => patients.forMaintenance(),
    },
  ],
  exports: [PATIENT_ROWS],
})
export class PatientsModule {}
