import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { KeyRotation } from './key-rotation.js';
import { MaintenanceController } from './maintenance.controller.js';

/** Counts stored objects by key, and rotates keys. */
@Module({ imports: [PatientsModule], controllers: [MaintenanceController], providers: [KeyRotation] })
export class MaintenanceModule {}
