import { ApiProperty } from '@nestjs/swagger';

export class TracedSpan {
  @ApiProperty({ example: 'Content.seal' }) name!: string;
  @ApiProperty({ description: 'The number of enclosing spans' }) depth!: number;
  @ApiProperty() milliseconds!: number;
  @ApiProperty() isFailed!: boolean;
  @ApiProperty({ type: 'object', additionalProperties: true, example: { 'encryption.protocol': '2.0' } })
  attributes!: Readonly<Record<string, unknown>>;
}

export class Trace {
  @ApiProperty() id!: string;
  @ApiProperty({ example: 'PatientsController.admit' }) name!: string;
  @ApiProperty({ type: [TracedSpan] }) spans!: readonly TracedSpan[];
}
