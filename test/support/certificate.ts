/** A temporary self-signed certificate for test servers on this machine. */
import { generate } from 'selfsigned';

/** In PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const DNS = 2;
const ADDRESS = 7;

/** For `localhost`, 127.0.0.1 and the given hosts. */
export async function makeCertificate(...hosts: readonly string[]): Promise<Certificate> {
  const names = ['localhost', ...hosts].map((value) => ({ type: DNS, value }) as const);
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [...names, { type: ADDRESS, ip: '127.0.0.1' }] },
    ],
  });
  return { key: made.private, cert: made.cert };
}
