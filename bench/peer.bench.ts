/** The Python SDK beside us: each as a ratio to its own plain transfer of the same run. */
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
const WHO = ['this package', 'Python SDK'] as const;
type Who = (typeof WHO)[number];

export const peer: Subject = {
  name: 'peer',
  run: async (lab) => {
    const python = await PeerProcess.start();
    if (python === null) {
      lab.notes.push('No Python with azure-storage-blob and cryptography here: the peer was not measured.');
      return [];
    }
    lab.notes.push(
      `The peer: ${Object.entries(python.versions)
        .map((entry) => entry.join(' '))
        .join(', ')}.`,
    );
    lab.pids.push(python.pid);
    try {
      const rows: Row[] = [];
      for (const rate of RATES) {
        await lab.server.pace(rate);
        for (const direction of ['upload', 'download'] as const) {
          rows.push(...(await besidePeer(lab, python, { direction, rate })));
        }
      }
      return rows;
    } finally {
      python.stop();
    }
  },
};

interface Case {
  readonly direction: 'upload' | 'download';
  readonly rate: number;
}

async function besidePeer(lab: Lab, python: PeerProcess, { direction, rate }: Case): Promise<Row[]> {
  const length = (lab.isQuick ? 8 : 64) * MIB;
  const name = `${direction} buffer, ${length / MIB} MiB, ${rate === 0 ? 'unpaced' : `at ${rate / 1e6} MB/s`}`;
  const transfer = { direction, medium: 'buffer', length, concurrency: CONCURRENCY } as const;
  const take: Readonly<Record<Who, (kind: ContentKind) => () => Promise<PeerSample>>> = {
    'this package': (kind) => async () =>
      takeSample(await prepared(lab.blobs.client(kind, `${kind}-${length}`), transfer, lab.materials)),
    'Python SDK': (kind) => () =>
      python.transfer({ url: lab.server.url, kind, direction, length, concurrency: CONCURRENCY }),
  };
  const kinds: readonly ContentKind[] = ['plain', ...PROTOCOLS];
  const variants = WHO.flatMap((who) => kinds.map((kind) => [`${who} ${kind}`, take[who](kind)] as const));
  const found = await lab.compare(`${name}: this package and the Python SDK`, Object.fromEntries(variants));
  return PROTOCOLS.flatMap((protocol) =>
    WHO.map((who) =>
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
    subject: 'beside the Python SDK',
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
