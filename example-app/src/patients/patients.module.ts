import { type DynamicModule, Module } from '@nestjs/common';
import { EncryptedStorageModule, type EncryptionPolicy, type EncryptionTarget } from 'nestjs-azure-encrypted-storage';
import type { ClinicKeys } from '../keys/clinic-keys.js';
import { Patient } from './patient.entity.js';
import { PatientsController } from './patients.controller.js';

export const PATIENTS = 'patients';

/** Every ward has a key of its own, and a row that was wrapped with another ward's is refused. */
@Module({})
export class PatientsModule {
  static with(keys: ClinicKeys): DynamicModule {
    return {
      module: PatientsModule,
      imports: [
        EncryptedStorageModule.forFeature({
          encryption: keysOfWards(keys),
          tables: [{ entity: Patient, table: PATIENTS, createIfNotExists: true }],
        }),
      ],
      controllers: [PatientsController],
    };
  }
}

/** What a policy needs to use the key of each ward. */
export const keysOfWards = (keys: ClinicKeys) =>
  ({
    keyEncryptionKey: (target) => keys.ofWard(wardOf(target)),
    keyResolver: (keyId, target) => keys.findOfWard(wardOf(target), keyId),
    allowKey: (keyId, target) => keys.findOfWard(wardOf(target), keyId) !== null,
  }) satisfies Partial<EncryptionPolicy>;

/** The partition of a row is the ward; this module stores nothing else. */
function wardOf(target: EncryptionTarget): string {
  if (target.kind !== 'table') throw new Error('Only rows of patients have keys of wards');
  return target.partitionKey;
}
