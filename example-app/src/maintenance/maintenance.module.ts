import { Module } from '@nestjs/common';
import { PatientsModule } from '../patients/patients.module.js';
import { KeyRotation } from './key-rotation.js';
import { MaintenanceController } from './maintenance.controller.js';

/** What is stored under which key, and how everything leaves a key. */
@Module({ imports: [PatientsModule], controllers: [MaintenanceController], providers: [KeyRotation] })
export class MaintenanceModule {}
