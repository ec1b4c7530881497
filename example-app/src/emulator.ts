/** An embedded Azurite on free ports, in memory: the app runs with nothing installed but Node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';

const PORTS = {
  blob: /Blob service is successfully listening at \S+:(\d+)\s/,
  queue: /Queue service is successfully listening at \S+:(\d+)\s/,
  table: /Table service is successfully listening at \S+:(\d+)\s/,
} as const;
/** The account that every emulator has; its key is public. */
const ACCOUNT = 'devstoreaccount1';
const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** However the app ends, the channel between the two ends with it. */
const EXIT_WITH_PARENT = "data:text/javascript,process.on('disconnect',()=>process.exit())";

export interface Emulator {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export async function startEmulator(): Promise<Emulator> {
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const free = ['--blobPort', '0', '--queuePort', '0', '--tablePort', '0'];
  const quiet = ['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent'];
  // a group of its own, so that Ctrl-C reaches the app first and the emulator outlives its last request
  const child = spawn(process.execPath, ['--import', EXIT_WITH_PARENT, program, ...free, ...quiet], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  });
  const ports = await portsOf(child);
  return { connectionString: connectionStringFor(ports), stop: () => stop(child) };
}

type Ports = Readonly<Record<keyof typeof PORTS, string>>;

function portsOf(child: ChildProcess): Promise<Ports> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', (code) => {
      reject(new Error(`The emulator ended with code ${code}`));
    });
    child.stdout?.on('data', (text: Buffer) => {
      output += text.toString();
      const [blob, queue, table] = Object.values(PORTS).map((pattern) => pattern.exec(output)?.[1]);
      if (blob !== undefined && queue !== undefined && table !== undefined) resolve({ blob, queue, table });
    });
  });
}

function connectionStringFor({ blob, queue, table }: Ports): string {
  const at = (port: string): string => `http://127.0.0.1:${port}/${ACCOUNT}`;
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${ACCOUNT}`,
    `AccountKey=${ACCOUNT_KEY}`,
    `BlobEndpoint=${at(blob)}`,
    `QueueEndpoint=${at(queue)}`,
    `TableEndpoint=${at(table)}`,
  ].join(';');
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => {
      resolve();
    });
    child.disconnect();
  });
}
