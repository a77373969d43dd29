/** What a person says about themselves. */
export interface Profile {
  readonly name?: { readonly first?: string; readonly middle?: string; readonly last?: string };
  readonly summary?: string;
  readonly bio?: string;
}

/** A person's account as it is stored. */
export interface User {
  readonly email: string;
  /** bcrypt's digest of the password, made by the client: the password itself never gets here. Never given out. */
  readonly digest: string;
  readonly profile: Profile;
}

/** A request's content that is not right; the message says what. */
export class InvalidContent extends Error {
  override readonly name = "InvalidContent";
}

const EMAIL = /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/;
const DIGEST = /^\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}$/;

/** Lengths in characters. */
const LIMITS = { email: 254, name: 128, summary: 256, bio: 4096 };

/** A new user. Errors: {@link InvalidContent}. */
export function parseUser(content: unknown): User {
  const fields = mapOf(content, "the user", ["email", "digest", "profile"]);
  const email = textOf(fields, "email", LIMITS.email);
  const digest = textOf(fields, "digest", 60);
  if (email === undefined || digest === undefined) throw new InvalidContent("email and digest are required");
  if (!EMAIL.test(email)) throw new InvalidContent("email is not an e-mail address");
  if (!DIGEST.test(digest)) throw new InvalidContent("digest is not a bcrypt digest");
  return { email, digest, profile: fields["profile"] === undefined ? {} : parseProfile(fields["profile"]) };
}

/** A profile. Errors: {@link InvalidContent}. */
export function parseProfile(content: unknown): Profile {
  const fields = mapOf(content, "the profile", ["name", "summary", "bio"]);
  const summary = textOf(fields, "summary", LIMITS.summary);
  const bio = textOf(fields, "bio", LIMITS.bio);
  return {
    ...(fields["name"] === undefined ? {} : { name: parseName(fields["name"]) }),
    ...(summary === undefined ? {} : { summary }),
    ...(bio === undefined ? {} : { bio }),
  };
}

function parseName(content: unknown): Profile["name"] {
  const fields = mapOf(content, "the name", ["first", "middle", "last"]);
  const parts = ["first", "middle", "last"].map((part) => [part, textOf(fields, part, LIMITS.name)] as const);
  return Object.fromEntries(parts.filter(([, text]) => text !== undefined));
}

function mapOf(content: unknown, what: string, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw new InvalidContent(`${what} is not an object`);
  const strange = Object.keys(content).find((name) => !allowed.includes(name));
  if (strange !== undefined) throw new InvalidContent(`${what} has an unknown field ${JSON.stringify(strange)}`);
  return content as Readonly<Record<string, unknown>>;
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string, limit: number): string | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new InvalidContent(`${name} is not a string`);
  if (value.length > limit) throw new InvalidContent(`${name} is longer than ${limit} characters`);
  return value;
}
