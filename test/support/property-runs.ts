/** How often a property is tried: in an ordinary run and, with `LONG_PROPERTIES=true`, in the long run of CI. */
export const isLongRun = process.env['LONG_PROPERTIES'] === 'true';

const LONGER = 5;

export const runs = (ordinary: number): number => (isLongRun ? LONGER * ordinary : ordinary);
