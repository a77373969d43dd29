import type { IncomingMessage, RequestListener } from "node:http";
import { Counter, Histogram, type Registry } from "prom-client";
import { answerText, HttpError, readBody } from "#shared/http.ts";
import type { ImageStore } from "#shared/image-store.ts";
import type { Log } from "#shared/log.ts";
import { type Publisher, TOPIC } from "#shared/queue.ts";

const BODY_MAX_BYTES = 1024 * 1024;

/** Images in one request of the bulk route. */
const PATHS_MAX = 1_000;

/** The column holds so many characters. */
const PATH_MAX = 255;

/** What a receiver works with. */
interface ReceiverParts {
  /** `1.0` knows one image at a time, `1.1` the bulk route too. */
  readonly version: string;
  readonly store: Pick<ImageStore, "add">;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly registry: Registry;
}

/**
 * The routes of the receiver: `POST /image/post` with `{"path": ...}` and, from version 1.1, `POST /images/post` with
 * `{"paths": [{"path": ...}]}`. The row is saved first and announced then: when the queue cannot be reached the answer is
 * 202, and the redeemer announces the image later.
 */
export function createReceiver(parts: ReceiverParts): RequestListener {
  const receiver = new Receiver(parts);
  return (request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    void receiver.answer(request, path).then(({ status, text }) => answerText(response, status, text));
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

class Receiver {
  readonly #parts: ReceiverParts;
  readonly #images: Counter<"sent">;
  readonly #duration: Histogram<"route" | "status">;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    const registers = [parts.registry];
    this.#images = new Counter({
      name: "receiver_images_total",
      help: "Images saved, by whether they were announced",
      labelNames: ["sent"],
      registers,
    });
    this.#duration = new Histogram({
      name: "receiver_request_seconds",
      help: "Time to answer",
      labelNames: ["route", "status"],
      registers,
    });
  }

  async answer(request: IncomingMessage, path: string): Promise<Answer> {
    const route = this.#route(path);
    if (route === undefined) return { status: 404, text: "404 page not found\n" };
    const end = this.#duration.startTimer({ route: path });
    const answer = await this.#run(request, route);
    end({ status: String(answer.status) });
    return answer;
  }

  #route(path: string): ((body: unknown) => Promise<Answer>) | undefined {
    if (path === "/image/post") return (body) => this.#one(body);
    if (path === "/images/post" && this.#parts.version !== "1.0") return (body) => this.#many(pathsOf(body));
    return undefined;
  }

  async #run(request: IncomingMessage, route: (body: unknown) => Promise<Answer>): Promise<Answer> {
    try {
      if (request.method !== "POST") throw new HttpError(405, "only POST is served here");
      const text = (await readBody(request, BODY_MAX_BYTES)).toString();
      return await route(decode(text));
    } catch (error) {
      if (error instanceof HttpError) return { status: error.status, text: `${error.message}\n` };
      this.#parts.log.error({ err: error }, "cannot save");
      return { status: 503, text: "the image cannot be saved now; send it again later\n" };
    }
  }

  /** The older route is the newer one with one image; version 1.0 does not speak of several. */
  async #one(body: unknown): Promise<Answer> {
    const path = pathOf(body);
    const head = `got path: {Path:${path}}\n`;
    const answer = await this.#many([path]);
    return {
      status: answer.status,
      text: head + (this.#parts.version === "1.0" ? answer.text.replace(/^got paths: .*\n/, "") : answer.text),
    };
  }

  async #many(paths: readonly string[]): Promise<Answer> {
    const { store, log } = this.#parts;
    const lines = [`got paths: {Paths:[${paths.map((path) => `{Path:${path}}`).join(" ")}]}`];
    const ids = await store.add(paths);
    const sent = await Promise.all(ids.map((id) => this.#announce(id)));
    for (const [index, id] of ids.entries()) {
      lines.push(`image saved with id: ${id}`);
      lines.push(sent[index] === true ? "image sent to nsq" : "nsq cannot be reached; the image is sent to it later");
    }
    log.info({ ids, paths, sent: sent.filter(Boolean).length }, "saved");
    return { status: sent.every(Boolean) ? 200 : 202, text: `${lines.join("\n")}\n` };
  }

  async #announce(id: number): Promise<boolean> {
    try {
      await this.#parts.publisher.publish(TOPIC, String(id));
      this.#images.inc({ sent: "true" });
      return true;
    } catch (error) {
      this.#images.inc({ sent: "false" });
      this.#parts.log.warn({ err: error, id }, "nsq cannot be reached; the image stays pending");
      return false;
    }
  }
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, `got error while decoding body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pathsOf(body: unknown): string[] {
  const paths = typeof body === "object" && body !== null && "paths" in body ? body.paths : undefined;
  if (!Array.isArray(paths)) throw new HttpError(400, 'got error while decoding body: "paths" must be a list');
  if (paths.length > PATHS_MAX) throw new HttpError(413, `more than ${PATHS_MAX} paths`);
  return paths.map(pathOf);
}

function pathOf(body: unknown): string {
  const path = typeof body === "object" && body !== null && "path" in body ? body.path : undefined;
  if (typeof path !== "string" || path === "") throw new HttpError(400, 'got error while decoding body: "path" must be a text');
  if (path.length > PATH_MAX) throw new HttpError(400, `got error while decoding body: "path" is longer than ${PATH_MAX} characters`);
  return path;
}
