import type { Profile, User } from "./user.ts";

/** A user with the name under which it is stored. */
export interface StoredUser extends User {
  readonly id: string;
}

/** Where users are kept. All methods reject with a {@link StoreUnavailable} when it cannot be reached. */
export interface UserStore {
  /** Answers the id; `undefined` if the e-mail address is taken. */
  create(user: User): Promise<string | undefined>;
  get(id: string): Promise<StoredUser | undefined>;
  /** Users whose profile or e-mail address has the words, or all; at most `limit`. */
  search(words: string | undefined, limit: number): Promise<readonly StoredUser[]>;
  /** Writes what `change` makes of the profile; answers whether there is such a user. */
  changeProfile(id: string, change: (profile: Profile) => Profile): Promise<boolean>;
  /** Answers whether there was such a user. */
  remove(id: string): Promise<boolean>;
  /** Whether it can be written to. Never rejects. */
  ready(): Promise<boolean>;
}

/** The store does not answer, or not as it should. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}
