/** Exit codes of the command. */
export const EXIT = {
  fine: 0,
  /** A stored object needs attention, or work is left. */
  wrong: 1,
  usage: 2,
  /** A service or a key could not be reached, or refused. */
  notReached: 3,
} as const;
