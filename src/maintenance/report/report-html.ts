/** A report as one self-contained HTML page that can be mailed or archived. */
import type { MaintenanceReport } from '../job.js';
import { failedOf } from '../shard.js';
import { censusChart } from './census-chart.js';
import { type Cell, CENSUS_COLUMNS, censusRows, grouped } from './census-table.js';
import { html } from './html.js';
import { deletionCells, failureCells, headline, idsWords, tagRows, unnamed, verdictWords } from './report-text.js';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d9dfe5}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}svg{width:100%;font:14px system-ui,sans-serif;fill:#1c2733}
.no{background:#fbe9e7;border-left:4px solid #b3372f}.after{background:#e8f4ee;border-left:4px solid #2a9d8f}
.no,.after{padding:.6rem 1rem}`;

export function reportHtml(report: MaintenanceReport): string {
  const { census } = report;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${html(report.job)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${html(report.job)}</h1><p>${html(headline(report))}</p>`,
    ...verdict(report),
    `<h2>By key and protocol</h2>${censusChart(census.entries)}`,
    '<h2>Objects</h2>',
    table(['outcome', 'count'], [['seen', report.seen], ...Object.entries(report.outcomes)]),
    ...attention(report),
    '<h2>Census</h2>',
    table(CENSUS_COLUMNS, censusRows(census.entries)),
    ...(census.tags === undefined
      ? []
      : ['<h2>Rows with wrong search tags</h2>', table(['tags', 'count'], tagRows(report))]),
    `<p>Counted from ${html(census.startedAt)} to ${html(census.finishedAt)}.</p>`,
    '<h2>Not seen by this census</h2>',
    `<ul>${census.blindSpots.map((spot) => `<li>${html(spot)}</li>`).join('')}</ul>`,
    '</body></html>\n',
  ].join('\n');
}

function attention({ deletions, dryRun, failures, outcomes, warnings }: MaintenanceReport): string[] {
  const named = failures.map(failureCells);
  const deleted = deletions.map(deletionCells);
  const texts = warnings.map((text) => `<li>${html(text)}</li>`).join('');
  const more = (total: number, shown: number): string[] => unnamed(total, shown).map((text) => `<p>${text}</p>`);
  return [
    ...(named.length === 0
      ? []
      : ['<h2>Needs attention</h2>', table(['outcome', 'code', 'source', 'name', 'protected'], named)]),
    ...more(failedOf(outcomes), named.length),
    ...(deleted.length === 0
      ? []
      : [`<h2>${dryRun ? 'Would be deleted' : 'Deleted'}</h2>`, table(['source', 'name', 'restorable'], deleted)]),
    ...more(outcomes.deleted ?? 0, deleted.length),
    ...(texts === '' ? [] : ['<h2>Warnings</h2>', `<ul>${texts}</ul>`]),
  ];
}

function verdict({ census: { verdict: found } }: MaintenanceReport): string[] {
  if (found === undefined) return [];
  const reasons = found.reasons.map((reason) => `<li>${html(reason)}</li>`).join('');
  const question = `May ${html(idsWords(found.retire))} be destroyed?`;
  return [`<div class="${found.mayDestroy}"><b>${question} ${html(verdictWords(found))}</b><ul>${reasons}</ul></div>`];
}

function table(names: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const head = names.map((name) => `<th${name === 'count' ? ' class="n"' : ''}>${html(name)}</th>`).join('');
  const cell = (value: Cell): string =>
    typeof value === 'number' ? `<td class="n">${grouped(value)}</td>` : `<td>${html(value)}</td>`;
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}
