import { ProgressBar } from '../../../src/command/maintain/progress-bar.js';

const COUNTS = { pass: 'work', source: 'blobs scans', seen: 250, done: 250, failed: 0, rate: 10 } as const;

function shown(eta: number | undefined): string {
  let text = '';
  const bar = new ProgressBar({ isTTY: true, columns: 200, write: (piece: string) => (text += piece) });
  bar.show({ job: 'leave', kind: 'progress', ...COUNTS, ...(eta === undefined ? {} : { eta }) });
  return text;
}

describe('the progress bar', () => {
  it.each([
    [0, '[########################]', '10/s  blobs'],
    [75, '[######..................]', '10/s, 75 s left  blobs'],
    [600, '[#.......................]', '10/s, 10 min left  blobs'],
    [36_000, '[........................]', '10/s, 10 h left  blobs'],
    [undefined, '[###.....................]', '10/s  blobs'],
  ])('shows the remaining time: %s seconds', (eta, bar, words) => {
    expect(shown(eta)).toContain(bar);
    expect(shown(eta)).toContain(words);
  });

  it('shows how many shards a job has, without naming them', () => {
    let text = '';
    const bar = new ProgressBar({ write: (piece: string) => (text += piece) });
    for (const shards of [1, 1200]) bar.show({ job: 'leave', kind: 'planned', pass: 'work', shards });
    for (const kind of ['shardStarted', 'shardDone'] as const) bar.show({ job: 'leave', kind, shard: 'x', ...COUNTS });

    expect(text).toBe('Planned: 1,200 shards.\n');
  });
});
