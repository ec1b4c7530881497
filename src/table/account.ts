/** Name of the account that a table endpoint belongs to: the host's first label, or the first folder at an emulator. */
export function accountOf(url: string): string {
  const { hostname, pathname } = new URL(url);
  const isEmulator = hostname === 'localhost' || /^[\d.]+$/.test(hostname) || hostname.startsWith('[');
  const [first = ''] = isEmulator ? pathname.slice(1).split('/') : hostname.split('.');
  return first;
}
