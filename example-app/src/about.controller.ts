import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ClinicSettings, PROTOCOL } from './configuration/clinic-settings.js';
import { SCAN_LIMIT } from './scans/scans.controller.js';

export class About {
  @ApiProperty({ example: 'clinic:1' }) keyId!: string;
  @ApiProperty({ example: '2.0', description: 'Of scans and referrals' }) protocol!: string;
  @ApiProperty({ description: 'Whether /demonstration is available' }) demonstration!: boolean;
  @ApiProperty() scanLimitBytes!: number;
}

@ApiTags('about')
@Controller('about')
export class AboutController {
  constructor(private readonly settings: ClinicSettings) {}

  @Get()
  @ApiOperation({ summary: 'The encryption settings of this clinic' })
  @ApiResponse({ status: 200, type: About })
  about(): About {
    const { keys, demonstration } = this.settings;
    return { keyId: keys.writes, protocol: PROTOCOL, demonstration, scanLimitBytes: SCAN_LIMIT };
  }
}
