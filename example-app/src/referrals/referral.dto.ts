import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

export class Referral {
  @ApiProperty({ example: '17', description: 'The number of the patient' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  patient!: string;

  @ApiProperty({ example: 'cardiology' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  to!: string;

  @ApiProperty({ example: 'murmur' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(10_000)
  reason!: string;
}

export class ReferralSent {
  @ApiProperty() messageId!: string;
}

export class ReferralReceived extends Referral {
  @ApiProperty() messageId!: string;
  @ApiProperty({ description: 'How often it was received; more than 1 after a failure', example: 1 })
  dequeueCount!: number;
}

export class HandlerState {
  @ApiProperty() isRunning!: boolean;
  @ApiProperty({ type: [ReferralReceived], description: 'The newest first' }) handled!: readonly ReferralReceived[];
}
