import { Controller, Get, HttpCode, type MessageEvent, Post, Sse } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { map, type Observable } from 'rxjs';
import { ApiProblems } from '../http/openapi.js';
import { KeyRotation } from './key-rotation.js';
import { Inventory, RotationProgress } from './maintenance.dto.js';

@ApiTags('maintenance')
@Controller('maintenance')
export class MaintenanceController {
  constructor(private readonly rotation: KeyRotation) {}

  @Get('inventory')
  @ApiOperation({ summary: 'Count what is stored by key and protocol' })
  @ApiResponse({ status: 200, type: Inventory })
  inventory(): Promise<Inventory> {
    return this.rotation.inventory();
  }

  @Post('rotation')
  @HttpCode(202)
  @ApiOperation({
    summary: "Rotate the clinic's key",
    description:
      'Rewraps everything under former keys while the application keeps running. On the embedded emulator, this ' +
      'creates a new key first; elsewhere, configure the new key and list the old one in `CLINIC_OLDER_KEYS`.',
  })
  @ApiResponse({ status: 202, type: RotationProgress })
  @ApiProblems({ 409: 'A rotation is running' })
  start(): Promise<RotationProgress> {
    return this.rotation.start();
  }

  @Sse('rotation')
  @ApiOperation({
    summary: 'Follow a rotation',
    description: 'Server-sent events: its state now and after each change.',
  })
  @ApiProduces('text/event-stream')
  @ApiResponse({ status: 200, type: RotationProgress })
  follow(): Observable<MessageEvent> {
    return this.rotation.progress.pipe(map((data) => ({ data })));
  }
}
