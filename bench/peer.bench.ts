/** The SDKs of other languages, for comparison: each as a ratio to its own plain transfer of the same run. */
import type { Lab, Subject } from './support/lab.js';
import { PeerProcess, type PeerSample } from './support/peer-process.js';
import type { Row } from './support/report.js';
import { medianOf, type Samples } from './support/rounds.js';
import { takeSample } from './support/sample.js';
import type { ContentKind } from './support/stored-content.js';
import { MIB, prepared } from './support/transfer.js';

const PROTOCOLS = ['1.0', '2.0'] as const;
const CONCURRENCY = 4;
const FAST = 400e6;
/** Bytes a second; 0 for no limit. */
const RATES = [FAST, 0];
const US = 'this package';

export const peer: Subject = {
  name: 'peer',
  run: async (lab) => {
    const started = { Python: await PeerProcess.startPython(), Java: await PeerProcess.startJava() };
    const peers = Object.entries(started).flatMap(([language, process]) => {
      if (process === null) lab.notes.push(`The ${language} SDK cannot be run here: it was not measured.`);
      return process ?? [];
    });
    for (const { name, versions } of peers) {
      const listed = Object.entries(versions).map((entry) => entry.join(' '));
      lab.notes.push(`The ${name}: ${listed.join(', ')}.`);
    }
    try {
      return peers.length === 0 ? [] : await comparedWithPeers(lab, peers);
    } finally {
      for (const process of peers) process.stop();
    }
  },
};

async function comparedWithPeers(lab: Lab, peers: readonly PeerProcess[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const rate of RATES) {
    await lab.server.pace(rate);
    for (const direction of ['upload', 'download'] as const) {
      rows.push(...(await compared(lab, peers, { direction, rate })));
    }
  }
  return rows;
}

interface Case {
  readonly direction: 'upload' | 'download';
  readonly rate: number;
}

async function compared(lab: Lab, peers: readonly PeerProcess[], { direction, rate }: Case): Promise<Row[]> {
  const length = (lab.isQuick ? 8 : 64) * MIB;
  const name = `${direction} buffer, ${length / MIB} MiB, ${rate === 0 ? 'unpaced' : `at ${rate / 1e6} MB/s`}`;
  const transfer = { direction, medium: 'buffer', length, concurrency: CONCURRENCY } as const;
  const ours = (kind: ContentKind) => async (): Promise<PeerSample> =>
    takeSample(await prepared(lab.blobs.client(kind, `${kind}-${length}`), transfer, lab.materials));
  const order = { url: lab.server.url, direction, length, concurrency: CONCURRENCY } as const;
  const theirs = (process: PeerProcess) => (kind: ContentKind) => () => process.transfer({ ...order, kind });
  const takers = [{ who: US, take: ours }, ...peers.map((process) => ({ who: process.name, take: theirs(process) }))];
  const kinds: readonly ContentKind[] = ['plain', ...PROTOCOLS];
  const variants = takers.flatMap(({ who, take }) => kinds.map((kind) => [`${who} ${kind}`, take(kind)] as const));
  const found = await lab.compare(`${name}: this package and its peers`, Object.fromEntries(variants));
  return PROTOCOLS.flatMap((protocol) =>
    takers.map(({ who }) =>
      rowOf(`${name}: ${who}`, protocol, {
        plain: found[`${who} plain`]!,
        sealed: found[`${who} ${protocol}`]!,
        length,
      }),
    ),
  );
}

interface Found {
  readonly plain: Samples<PeerSample>;
  readonly sealed: Samples<PeerSample>;
  readonly length: number;
}

function rowOf(what: string, protocol: string, { plain, sealed, length }: Found): Row {
  const rate = (samples: Samples<PeerSample>): number => length / 1e6 / medianOf(samples, ({ seconds }) => seconds);
  const cpu = (samples: Samples<PeerSample>): number => medianOf(samples, ({ cpuSeconds }) => cpuSeconds);
  return {
    subject: 'compared with the SDKs of other languages',
    case: what,
    protocol,
    unit: 'MB/s',
    plain: rate(plain),
    encrypted: rate(sealed),
    ratio: rate(sealed) / rate(plain),
    cpuRatio: cpu(sealed) / cpu(plain),
    quiet: sealed.quiet,
  };
}
