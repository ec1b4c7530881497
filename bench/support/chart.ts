/** The main ratios of a run as a chart that code hosts render: Mermaid in Markdown. */
import type { Row } from './report.js';

/** What the chart shows: a typical transfer at the pace of a fast network. */
const SHOWN = /^(upload|download) (buffer|stream|file) 256 MiB, 4 at once, at 400 MB\/s$/;
const PROTOCOLS = ['1.0', '2.0'] as const;

/** Bars for 1.0 and 2.0, one pair for each transfer, as a share of the plain SDK's throughput. */
export function chartOf(rows: readonly Pick<Row, 'case' | 'protocol' | 'ratio'>[]): string {
  const shown = rows.filter((row) => SHOWN.test(row.case));
  const cases = [...new Set(shown.map((row) => row.case))];
  return PROTOCOLS.map((protocol) => {
    const bars = cases.map((name) => shown.find((row) => row.case === name && row.protocol === protocol)?.ratio ?? 0);
    return [
      '```mermaid',
      'xychart-beta',
      `  title "Protocol ${protocol}: 256 MiB at 400 MB/s, as a share of the plain SDK"`,
      `  x-axis [${cases.map((name) => `"${name.split(' ').slice(0, 2).join(' ')}"`).join(', ')}]`,
      '  y-axis "ratio" 0 --> 1.1',
      `  bar [${bars.map((ratio) => ratio.toFixed(2)).join(', ')}]`,
      '```',
    ].join('\n');
  }).join('\n\n');
}
