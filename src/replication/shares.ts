// How free places at a target are shared: live changes first, but a quarter is kept for the background, so that
// neither starves the other. Pure.

export interface Places {
  /** Places that are free now. */
  readonly room: number;
  /** All places. */
  readonly limit: number;
  readonly activeBackground: number;
  /** Counts the claims, for targets with fewer than four places. */
  readonly turn: number;
}

/** How many of the free places live tasks may take where background tasks wait too. */
export function liveShare({ room, limit, activeBackground, turn }: Places): number {
  const reserved = limit >= 4 ? Math.floor(limit / 4) - activeBackground : Number(turn % 4 === 0);
  return Math.max(room - Math.max(reserved, 0), 0);
}
