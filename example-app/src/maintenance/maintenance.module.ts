import { type DynamicModule, Module } from '@nestjs/common';
import type { ClinicKeys } from '../keys/clinic-keys.js';
import { KeyRotation } from './key-rotation.js';
import { MaintenanceController } from './maintenance.controller.js';
import { PatientRowsModule } from './patient-rows.module.js';

/** What is stored under which key, and how everything leaves a key. */
@Module({})
export class MaintenanceModule {
  static with(keys: ClinicKeys): DynamicModule {
    return {
      module: MaintenanceModule,
      imports: [PatientRowsModule.with(keys)],
      controllers: [MaintenanceController],
      providers: [KeyRotation],
    };
  }
}
