/** Output for programs: a line of JSON for each object or event. Text from storage is escaped. */
import { escaped } from '../../encoding/printable.js';
import type { MaintenanceEvent } from '../../maintenance/events.js';
import type { Observer, Terminal } from './progress-bar.js';

export const jsonLine = (value: object): string => `${escaped(JSON.stringify(value))}\n`;

export const jsonLines = (output: Terminal): Observer => ({
  show: (event: MaintenanceEvent) => void output.write(jsonLine(event)),
  end: () => undefined,
});
