import { Server, ServerCredentials, status, type sendUnaryData, type ServerDuplexStream, type ServerUnaryCall } from "@grpc/grpc-js";
import { systemClock, protobufFields, ProtobufWriter } from "@skiff/base";
import { afterEach, describe, expect, it } from "vitest";
import { EtcdStore } from "./etcd-store.ts";
import { CompactedError, StoreUnavailableError } from "./store.ts";
import { WatchRecorder } from "./watch-recorder.ts";

type Stream = ServerDuplexStream<Buffer, Buffer>;
type Answer = sendUnaryData<Buffer>;

/** A server that speaks etcd's protocol and does what a test says: for failures that a real one does not have at will. */
class ScriptedEtcd {
  readonly #server = new Server();
  endpoint = "";
  revision = 1;
  readonly calls: string[] = [];
  /** The start revisions of the watches so far. */
  readonly starts: number[] = [];
  onCall: (method: string, answer: Answer) => void = (_method, answer) =>
    answer(null, new ProtobufWriter().message(1, header(this.revision)).finish());
  onWatch: (stream: Stream, attempt: number) => void = () => {};
  onProgress: (stream: Stream) => void = () => {};

  async start(): Promise<this> {
    const bytes = (value: Buffer): Buffer => value;
    const form = { requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes };
    const unary = (method: string): object => ({
      path: `/etcdserverpb.KV/${method}`,
      requestStream: false,
      responseStream: false,
      ...form,
    });
    this.#server.addService(
      { Range: unary("Range"), Txn: unary("Txn"), Compact: unary("Compact") } as never,
      Object.fromEntries(
        ["Range", "Txn", "Compact"].map((method) => [
          method,
          (_call: ServerUnaryCall<Buffer, Buffer>, answer: Answer) => {
            this.calls.push(method);
            this.onCall(method, answer);
          },
        ]),
      ),
    );
    this.#server.addService({ Watch: { path: "/etcdserverpb.Watch/Watch", requestStream: true, responseStream: true, ...form } } as never, {
      Watch: (stream: Stream) => this.#watch(stream),
    });
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.endpoint = `http://127.0.0.1:${port}`;
    return this;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #watch(stream: Stream): void {
    stream.on("data", (bytes: Buffer) => {
      const [request] = protobufFields(bytes);
      if (request!.number === 3) this.onProgress(stream);
      if (request!.number !== 1) return;
      const start = Array.from(protobufFields(request!.bytes)).find(({ number }) => number === 3)?.value ?? 0;
      this.starts.push(start);
      stream.write(response({ revision: this.revision, created: true }));
      this.onWatch(stream, this.starts.length);
    });
    stream.on("error", () => {});
  }
}

const header = (revision: number): Buffer => new ProtobufWriter().number(3, revision).finish();

/** A `WatchResponse` with puts given as `key@revision`. */
function response(parts: {
  revision: number;
  created?: boolean;
  canceled?: boolean;
  compactRevision?: number;
  reason?: string;
  fragment?: boolean;
  puts?: readonly string[];
}): Buffer {
  const writer = new ProtobufWriter()
    .message(1, header(parts.revision))
    .flag(3, parts.created)
    .flag(4, parts.canceled)
    .number(5, parts.compactRevision ?? 0)
    .text(6, parts.reason ?? "")
    .flag(7, parts.fragment);
  for (const put of parts.puts ?? []) {
    const [key = "", revision] = put.split("@");
    const kv = new ProtobufWriter().text(1, key).number(2, 2).number(3, Number(revision)).number(4, 1).finish();
    writer.message(11, new ProtobufWriter().message(2, kv).finish());
  }
  return writer.finish();
}

describe("the etcd store, when etcd fails", () => {
  const opened: { close(): Promise<void> }[] = [];
  const servers: ScriptedEtcd[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    for (const server of servers.splice(0)) server.stop();
  });
  const serve = async (): Promise<ScriptedEtcd> => {
    const server = await new ScriptedEtcd().start();
    servers.push(server);
    return server;
  };
  const open = async (...etcds: ScriptedEtcd[]): Promise<EtcdStore> => {
    const store = await EtcdStore.open({ endpoints: etcds.map(({ endpoint }) => endpoint), timeoutMs: 500, clock: systemClock });
    opened.push(store);
    return store;
  };
  const everything = { key: "/", end: "0", startRevision: 5 };
  const put = { compare: [], success: [{ type: "put", key: "/a", value: new Uint8Array(1) }] } as const;

  it("delivers a revision whole and once when the connection is lost between its fragments", async () => {
    const etcd = await serve();
    etcd.onWatch = (stream, attempt) => {
      if (attempt === 1) {
        stream.write(response({ revision: 9, fragment: true, puts: ["/a@5", "/a@6", "/b@6"] }));
        stream.emit("error", { code: status.UNAVAILABLE, details: "etcdserver: leader changed" });
        return;
      }
      // A server may repeat what came before the start; nobody may see it twice.
      stream.write(response({ revision: 9, fragment: true, puts: ["/a@5", "/a@6"] }));
      stream.write(response({ revision: 9, fragment: true, puts: ["/b@6", "/a@7"] }));
      stream.write(response({ revision: 9, puts: ["/b@7", "/a@8"] }));
    };
    const recorder = new WatchRecorder(await open(etcd), everything);
    await recorder.until(() => recorder.revision >= 8);
    expect(etcd.starts).toEqual([5, 6]);
    expect(recorder.batches.map(({ revision, events }) => [revision, events.map(({ kv }) => `${kv.key}@${kv.modRevision}`)])).toEqual([
      [5, ["/a@5"]],
      [6, ["/a@6", "/b@6"]],
      [8, ["/a@7", "/b@7", "/a@8"]],
    ]);
  });

  it("ends the watch when what it missed was compacted away", async () => {
    const etcd = await serve();
    etcd.onWatch = (stream, attempt) => {
      if (attempt === 1) stream.end();
      else stream.write(response({ revision: 40, canceled: true, compactRevision: 30 }));
    };
    const recorder = new WatchRecorder(await open(etcd), everything);
    await recorder.until(() => recorder.error !== undefined);
    expect(recorder.error).toBeInstanceOf(CompactedError);
    expect((recorder.error as CompactedError).compactRevision).toBe(30);
  });

  it("does not try again when etcd refuses the watch", async () => {
    const etcd = await serve();
    etcd.onWatch = (stream) => stream.write(response({ revision: 9, canceled: true, reason: "etcdserver: permission denied" }));
    const recorder = new WatchRecorder(await open(etcd), everything);
    await recorder.until(() => recorder.error !== undefined);
    expect(recorder.error).toBeInstanceOf(StoreUnavailableError);
    expect(recorder.error!.message).toMatch(/permission denied/);
    expect(etcd.starts).toHaveLength(1);
  });

  it("never goes back behind a member that lags, and asks for progress until it has caught up", async () => {
    const etcd = await serve();
    etcd.onWatch = (stream) => stream.write(response({ revision: 9, puts: ["/a@7"] }));
    let asked = 0;
    etcd.onProgress = (stream) => stream.write(response({ revision: [6, 8, 9][asked++]! }));
    const recorder = new WatchRecorder(await open(etcd), everything);
    await recorder.until(() => recorder.revision === 7);
    etcd.revision = 9;
    await recorder.upTo(9);
    expect(recorder.batches.map(({ revision }) => revision)).toEqual([7, 8, 9]);
    expect(asked).toBe(3);
  });

  it("asks another member for a read, but never sends a write twice", async () => {
    const [failing, sound] = [await serve(), await serve()];
    const store = await open(failing, sound);
    failing.onCall = (_method, answer) => answer({ code: status.UNAVAILABLE, details: "etcdserver: request timed out" });
    failing.calls.length = 0;
    sound.revision = 7;
    await expect(store.txn(put)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect([...failing.calls, ...sound.calls]).toEqual(["Txn"]);
    // The member that failed was left: what comes next goes to the other one.
    expect(await store.currentRevision()).toBe(7);
    sound.onCall = failing.onCall;
    failing.onCall = (_method, answer) => answer(null, new ProtobufWriter().message(1, header(8)).finish());
    expect(await store.currentRevision()).toBe(8);
  });

  it("gives up on a call that takes too long", async () => {
    const etcd = await serve();
    const store = await open(etcd);
    etcd.onCall = () => {};
    const refused = await store.txn(put).catch((error: unknown) => error as Error);
    expect(refused).toBeInstanceOf(StoreUnavailableError);
    expect((refused as Error).message).toMatch(/Txn at http.*DEADLINE_EXCEEDED/);
  });

  it("refuses everything after close and ends watches without an error", async () => {
    const etcd = await serve();
    const store = await open(etcd);
    const recorder = new WatchRecorder(store, everything);
    await expect.poll(() => etcd.starts.length).toBe(1);
    await store.close();
    await expect(store.range({ key: "/a" })).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.txn(put)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(() => store.watch({ ...everything, onBatch: () => {}, onError: () => {} })).toThrow(StoreUnavailableError);
    expect(recorder.error).toBeUndefined();
  });

  it.each(["localhost:2379", "ftp://localhost", "https://localhost/etcd"])("refuses the endpoint %s", async (endpoint) => {
    await expect(EtcdStore.open({ endpoints: [endpoint], clock: systemClock })).rejects.toThrow(/is not an etcd endpoint; write https/);
  });
});
