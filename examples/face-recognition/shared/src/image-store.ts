import { randomUUID } from "node:crypto";
import { type Answer, type Claim, type Failure, type Image, type ImageStatus, NOBODY, RETRYABLE, STATUS, type Verdict } from "./image.ts";
import type { Sql, SqlRow, SqlValue } from "./sql.ts";

/** Column `detail` holds so many characters. */
const DETAIL_MAX = 255;

/** Which images the redeemer takes, in milliseconds of age since the last change. */
export interface RedeemRules {
  /** Pending for longer: its message is taken to be lost. */
  readonly forgottenMs: number;
  /** Processing for longer: its processor is taken to be dead. Longer than a call may take. */
  readonly abandonedMs: number;
  /** Failed for longer, with a failure that may go away. */
  readonly retryMs: number;
  /** An image that failed is tried again so often at most. */
  readonly retries: number;
  /** Images a run at most; the oldest first. */
  readonly limit: number;
}

/** Which images a page shows, newest first. */
interface ImageFilter {
  readonly status?: ImageStatus;
  /** The person's name. */
  readonly person?: string;
  /** Only ids below this one. */
  readonly before?: number;
  readonly limit: number;
}

/**
 * The table `images` and its neighbours: all statements of the application. An image is changed only by statements that
 * name the state which it must be in, so that of several processors and redeemers one wins and the others notice.
 *
 * Errors: what the driver says.
 */
export class ImageStore {
  readonly #sql: Sql;
  readonly #now: () => number;

  constructor(sql: Sql, now: () => number = Date.now) {
    this.#sql = sql;
    this.#now = now;
  }

  /** Adds pending images, all or none, and answers their ids in the same order. */
  add(paths: readonly string[]): Promise<number[]> {
    return this.#sql.transaction(async (sql) => {
      const ids: number[] = [];
      for (const path of paths) {
        const now = this.#now();
        const statement = "INSERT INTO images (path, person, status, created_at, changed_at) VALUES (?, ?, ?, ?, ?)";
        ids.push((await sql.change(statement, [path, NOBODY, STATUS.pending, now, now])).insertId);
      }
      return ids;
    });
  }

  /** Takes a pending image to be processed. Nothing when it is not pending: somebody else has it, or it is done. */
  async claim(id: number): Promise<Claim | undefined> {
    const token = randomUUID();
    const { affectedRows } = await this.#sql.change(
      "UPDATE images SET status = ?, claim = ?, attempts = attempts + 1, changed_at = ? WHERE id = ? AND status = ?",
      [STATUS.processing, token, this.#now(), id, STATUS.pending],
    );
    if (affectedRows === 0) return undefined;
    const [row] = await this.#sql.select("SELECT path, attempts FROM images WHERE id = ? AND claim = ?", [id, token]);
    return row && { id, token, path: String(row.path), attempts: Number(row.attempts) };
  }

  /** Writes the verdict. Answers false, and changes nothing, when the claim was taken away. */
  async finish(claim: Claim, verdict: Verdict): Promise<boolean> {
    const identified = verdict.outcome === "identified" ? verdict : undefined;
    const detail = "detail" in verdict ? (verdict.detail?.slice(0, DETAIL_MAX) ?? null) : null;
    const { affectedRows } = await this.#sql.change(
      "UPDATE images SET status = ?, person = ?, image_name = ?, outcome = ?, detail = ?, claim = NULL, changed_at = ? WHERE id = ? AND claim = ?",
      [
        STATUS[verdict.status],
        identified?.personId ?? NOBODY,
        identified?.imageName ?? null,
        verdict.outcome,
        detail,
        this.#now(),
        claim.id,
        claim.token,
      ],
    );
    return affectedRows > 0;
  }

  /** Gives a claim back: the image is pending again. An attempt that never reached the service is not counted. */
  async release(claim: Claim, attempt: "counts" | "does-not-count"): Promise<void> {
    await this.#sql.change("UPDATE images SET status = ?, claim = NULL, attempts = ?, changed_at = ? WHERE id = ? AND claim = ?", [
      STATUS.pending,
      attempt === "counts" ? claim.attempts : claim.attempts - 1,
      this.#now(),
      claim.id,
      claim.token,
    ]);
  }

  /** Whose picture the known file is. */
  async personOf(imageName: string): Promise<{ readonly id: number; readonly name: string } | undefined> {
    const [row] = await this.#sql.select(
      "SELECT person.name, person.id FROM person INNER JOIN person_images AS pi ON person.id = pi.person_id WHERE image_name = ?",
      [imageName],
    );
    return row && { id: Number(row.id), name: String(row.name) };
  }

  /** Makes forgotten, abandoned and failed images pending, and answers those that are to be put on the queue again. */
  async redeem(rules: RedeemRules): Promise<number[]> {
    const now = this.#now();
    const retryable = `(outcome IS NULL OR outcome IN (${RETRYABLE.map(() => "?").join(", ")}))`;
    const candidates = await this.#sql.select(
      `SELECT id, status, changed_at FROM images WHERE (status = ? AND changed_at < ?) OR (status = ? AND changed_at < ?)
       OR (status = ? AND changed_at < ? AND redemptions < ? AND ${retryable}) ORDER BY changed_at LIMIT ${rules.limit}`,
      [
        STATUS.pending,
        now - rules.forgottenMs,
        STATUS.processing,
        now - rules.abandonedMs,
        STATUS.failed,
        now - rules.retryMs,
        rules.retries,
        ...RETRYABLE,
      ],
    );
    const redeemed: number[] = [];
    for (const { id = null, status = null, changed_at: seen = null } of candidates) {
      const failed = status === STATUS.failed;
      // What has changed since it was read is no longer forgotten.
      const { affectedRows } = await this.#sql.change(
        `UPDATE images SET status = ?, claim = NULL, changed_at = ?${failed ? ", attempts = 0, redemptions = redemptions + 1" : ""}
         WHERE id = ? AND status = ? AND changed_at = ?`,
        [STATUS.pending, now, id, status, seen],
      );
      if (affectedRows > 0) redeemed.push(Number(id));
    }
    return redeemed;
  }

  /** One image by its id. */
  async get(id: number): Promise<Image | undefined> {
    const [row] = await this.#sql.select(`${SELECT_IMAGES} WHERE images.id = ?`, [id]);
    return row && imageOf(row);
  }

  async list(filter: ImageFilter): Promise<Image[]> {
    const conditions: string[] = [];
    const parameters: SqlValue[] = [];
    const where = (condition: string, value: SqlValue): void => {
      conditions.push(condition);
      parameters.push(value);
    };
    if (filter.status !== undefined) where("images.status = ?", STATUS[filter.status]);
    if (filter.person !== undefined) where("person.name = ?", filter.person);
    if (filter.before !== undefined) where("images.id < ?", filter.before);
    const clause = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
    const rows = await this.#sql.select(`${SELECT_IMAGES}${clause} ORDER BY images.id DESC LIMIT ${filter.limit}`, parameters);
    return rows.map(imageOf);
  }

  /** Images that changed at `since` (milliseconds since 1970) or later, oldest change first. */
  async changedSince(since: number, limit: number): Promise<Image[]> {
    const rows = await this.#sql.select(
      `${SELECT_IMAGES} WHERE images.changed_at >= ? ORDER BY images.changed_at, images.id LIMIT ${limit}`,
      [since],
    );
    return rows.map(imageOf);
  }

  /** How many images are in each state. */
  async counts(): Promise<Readonly<Record<ImageStatus, number>>> {
    const counts = { pending: 0, processing: 0, processed: 0, failed: 0 };
    for (const row of await this.#sql.select("SELECT status, COUNT(*) AS count FROM images GROUP BY status")) {
      counts[statusOf(row.status)] += Number(row.count);
    }
    return counts;
  }

  /** The names of all known people, in order. */
  async people(): Promise<string[]> {
    return (await this.#sql.select("SELECT name FROM person ORDER BY name")).map(({ name }) => String(name));
  }

  /** Rejects when the database does not answer. */
  async check(): Promise<void> {
    await this.#sql.select("SELECT id FROM images WHERE id = 0");
  }
}

const SELECT_IMAGES = `SELECT images.id, images.path, images.status, images.outcome, images.detail, images.image_name, images.changed_at,
  person.name FROM images LEFT JOIN person ON person.id = images.person`;

function imageOf(row: SqlRow): Image {
  return {
    id: Number(row.id),
    path: String(row.path),
    status: statusOf(row.status),
    outcome: (row.outcome as Answer | Failure | null) ?? undefined,
    detail: row.detail === null ? undefined : String(row.detail),
    person: row.name === null ? undefined : String(row.name),
    imageName: row.image_name === null ? undefined : String(row.image_name),
    changedAt: Number(row.changed_at),
  };
}

/** A number that nobody knows, in a row made by hand, counts as pending. */
function statusOf(value: SqlValue | undefined): ImageStatus {
  switch (Number(value)) {
    case STATUS.processed:
      return "processed";
    case STATUS.failed:
      return "failed";
    case STATUS.processing:
      return "processing";
    default:
      return "pending";
  }
}
