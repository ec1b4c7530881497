import { printableJson } from '../../encoding/printable.js';
import type { MaintenanceReport } from '../job.js';
import { reportHtml } from './report-html.js';
import { reportText } from './report-text.js';

/** Format of a report. */
export type ReportFormat = 'text' | 'json' | 'html';

/**
 * Formats a report as text for a terminal, as JSON, or as a self-contained HTML page with a chart by key and protocol. Text from
 * storage is escaped.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { formatMaintenanceReport, type MaintenanceReport } from 'nestjs-azure-encrypted-storage';
 *
 * export async function file(report: MaintenanceReport): Promise<void> {
 *   await writeFile('census.html', formatMaintenanceReport(report, 'html'));
 * }
 * ```
 */
export function formatMaintenanceReport(report: MaintenanceReport, format: ReportFormat): string {
  if (format === 'html') return reportHtml(report);
  if (format === 'text') return reportText(report);
  return printableJson(report);
}
