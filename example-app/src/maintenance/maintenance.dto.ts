import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Problem } from '../http/problem.js';

export class InventoryEntry {
  @ApiProperty({ example: 'clinic:1/north', description: 'Id of a key, or `(plaintext)`' }) key!: string;
  @ApiProperty({ type: String, nullable: true, example: '2.0' }) protocol!: string | null;
  @ApiProperty({ description: 'Whether the key no longer writes' }) isFormer!: boolean;
  @ApiProperty() count!: number;
}

export class Inventory {
  @ApiProperty({ description: 'Id of the key that writes' }) writes!: string;
  @ApiProperty({ description: 'Whether a rotation creates a new key' }) canRotate!: boolean;
  @ApiProperty({ type: [InventoryEntry] }) entries!: readonly InventoryEntry[];
}

const STATES = ['idle', 'running', 'done', 'left', 'stopped'] as const;

export class RotationProgress {
  @ApiProperty({
    enum: STATES,
    description: '`left`: something is still under a former key. `stopped`: see its problem.',
  })
  state!: (typeof STATES)[number];
  @ApiProperty({ description: 'Objects under former keys at the start' }) total!: number;
  @ApiProperty({ description: 'Objects that left their key' }) done!: number;
  @ApiProperty({ description: 'Objects that need attention' }) failed!: number;
  @ApiPropertyOptional({ type: Problem, description: 'Why it stopped' }) problem?: Problem;
}
