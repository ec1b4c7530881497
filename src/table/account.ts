/** Name of the account of a table endpoint: the first label of the host or, for an emulator, the first folder. */
export function accountOf(url: string): string {
  const { hostname, pathname } = new URL(url);
  const isEmulator = hostname === 'localhost' || /^[\d.]+$/.test(hostname) || hostname.startsWith('[');
  const [first = ''] = isEmulator ? pathname.slice(1).split('/') : hostname.split('.');
  return first;
}
