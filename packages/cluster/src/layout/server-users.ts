/**
 * User ids for servers, one for each cluster of a machine so that they cannot touch each other's data. No account belongs
 * to them. The range is one that systemd's list of user ids has as unused (https://systemd.io/UIDS-GIDS).
 */
export const SERVER_USERS = { first: 60_600, last: 61_183 } as const;

/** The first id that no other cluster has. */
export function freeServerUser(taken: ReadonlySet<number | undefined>): number {
  for (let id: number = SERVER_USERS.first; id <= SERVER_USERS.last; id++) if (!taken.has(id)) return id;
  throw new Error("every user id for servers is taken");
}
