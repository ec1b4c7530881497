/** What the tests of a file log through Nest. */
import { ConsoleLogger, Logger } from '@nestjs/common';

/** The lines of the current test. */
export function logLines(): readonly string[] {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  beforeAll(() => {
    Logger.overrideLogger({ log, warn: log, error: log });
  });
  beforeEach(() => {
    lines.length = 0;
  });
  afterAll(() => {
    Logger.overrideLogger(new ConsoleLogger());
  });
  return lines;
}
