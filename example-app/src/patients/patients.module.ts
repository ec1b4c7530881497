import { Module } from '@nestjs/common';
import { EncryptedStorageModule } from 'nestjs-azure-encrypted-storage';
import { Patient } from './patient.entity.js';
import { PatientsController } from './patients.controller.js';

export const PATIENTS = 'patients';

@Module({
  imports: [
    EncryptedStorageModule.forFeature({ tables: [{ entity: Patient, table: PATIENTS, createIfNotExists: true }] }),
  ],
  controllers: [PatientsController],
})
export class PatientsModule {}
