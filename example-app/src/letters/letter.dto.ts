import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches, MaxLength } from 'class-validator';

export class LetterName {
  @ApiProperty({ example: 'jane', pattern: '^\\w[\\w.-]{0,99}$' })
  @Matches(/^\w[\w.-]{0,99}$/, { message: 'name must have 1 to 100 letters, digits, ".", "_" and "-"' })
  name!: string;
}

export class Letter {
  @ApiProperty({ example: 'Dear Jane' })
  @IsString()
  @MaxLength(50_000)
  text!: string;
}
