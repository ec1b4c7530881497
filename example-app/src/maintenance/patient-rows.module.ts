import { type DynamicModule, Module } from '@nestjs/common';
import {
  EncryptedStorageModule,
  type EncryptedTableClient,
  getEncryptedTableToken,
} from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from '../keys/clinic-keys.js';
import { Patient } from '../patients/patient.entity.js';
import { PATIENTS } from '../patients/patients.module.js';

export const PATIENT_ROWS = Symbol('The rows of patients as a source for maintenance');

/** Rows of patients are under the keys of their wards: a module of its own, so that the others keep the keys of the clinic. */
@Module({})
export class PatientRowsModule {
  static with(keys: ClinicKeys): DynamicModule {
    const encryption = keys.ofWards;
    const rows = {
      provide: PATIENT_ROWS,
      inject: [getEncryptedTableToken(Patient)],
      useFactory: (patients: EncryptedTableClient<Patient>) => patients.forMaintenance(),
    };
    return {
      module: PatientRowsModule,
      imports: [EncryptedStorageModule.forFeature({ encryption, tables: [{ entity: Patient, table: PATIENTS }] })],
      providers: [rows],
      exports: [PATIENT_ROWS],
    };
  }
}
