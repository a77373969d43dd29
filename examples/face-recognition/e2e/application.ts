import { fileURLToPath } from "node:url";
import { eventually, type Kubectl } from "@skiff/e2e/testing";

const MANIFESTS = fileURLToPath(new URL("../manifests", import.meta.url));

/** An image as the table has it. */
interface Row {
  readonly id: number;
  readonly path: string;
  /** `pending`, `processing`, `processed` or `failed`. */
  readonly status: string;
  /** The person's name, else the outcome, else nothing. */
  readonly answer: string;
  /** How often recognition was asked. */
  readonly attempts: number;
}

const STATUSES = ["pending", "processed", "failed", "processing"];

const QUERY = `SELECT images.id, path, status, COALESCE(person.name, outcome, ''), attempts FROM images
  LEFT JOIN person ON person.id = images.person ORDER BY images.id`;

/** The application on a cluster of a test. */
export class Application {
  readonly kubectl: Kubectl;
  /** Where the receiver and the page answer: an address and their node ports. */
  readonly receiver: string;
  readonly page: string;

  private constructor(kubectl: Kubectl, receiver: string, page: string) {
    this.kubectl = kubectl;
    this.receiver = receiver;
    this.page = page;
  }

  /** Applies an overlay and waits until everything is ready. `address`: of a node. */
  static async deploy(kubectl: Kubectl, overlay: string, address: string): Promise<Application> {
    await kubectl.ok(`apply -k ${MANIFESTS}/${overlay}`);
    const application = await Application.find(kubectl, address);
    await kubectl.ok("wait --for=condition=Complete job/migration job/sample-people --timeout=170s", { timeoutMs: 180_000 });
    await application.ready();
    return application;
  }

  /** The application that was deployed before. */
  static async find(kubectl: Kubectl, address: string): Promise<Application> {
    const port = (service: string): Promise<string> => kubectl.ok(`get service ${service} -o jsonpath={.spec.ports[0].nodePort}`);
    return new Application(kubectl, `http://${address}:${await port("receiver-service")}`, `http://${address}:${await port("frontend")}`);
  }

  /** Waits until every Deployment has all its Pods. */
  async ready(): Promise<void> {
    for (const name of (await this.kubectl.ok("get deployments -o name")).trim().split("\n")) {
      await this.kubectl.ok(`rollout status ${name} --timeout=170s`, { timeoutMs: 180_000 });
    }
  }

  /** Posts one image by the older route and answers its id. */
  async post(path: string): Promise<number> {
    const response = await fetch(`${this.receiver}/image/post`, { method: "POST", body: JSON.stringify({ path }) });
    const text = await response.text();
    const id = Number(/image saved with id: (\d+)/.exec(text)?.[1]);
    if (!response.ok || !Number.isInteger(id)) throw new Error(`the receiver answered ${response.status}: ${text}`);
    return id;
  }

  /** Posts several by the newer route. */
  async postAll(paths: readonly string[]): Promise<number[]> {
    const body = JSON.stringify({ paths: paths.map((path) => ({ path })) });
    const response = await fetch(`${this.receiver}/images/post`, { method: "POST", body });
    const text = await response.text();
    if (!response.ok) throw new Error(`the receiver answered ${response.status}: ${text}`);
    return Array.from(text.matchAll(/image saved with id: (\d+)/g), ([, id]) => Number(id));
  }

  /** The whole table, asked of the database itself. */
  async rows(): Promise<Row[]> {
    const output = await this.kubectl.ok("exec -i deployment/mysql -c mysql -- mysql -h 127.0.0.1 -uroot -pubersecurepassword -N kube", {
      input: `${QUERY};\n`,
    });
    return output
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t"))
      .map(([id, path = "", status, answer = "", attempts]) => ({
        id: Number(id),
        path,
        answer,
        attempts: Number(attempts),
        status: STATUSES[Number(status)] ?? "",
      }));
  }

  /** Waits until no image is pending or being processed, and answers the table. */
  settled(timeoutMs: number): Promise<Row[]> {
    return eventually(
      "every image has its answer",
      async () => {
        const rows = await this.rows();
        const open = rows.filter(({ status }) => status === "pending" || status === "processing");
        if (open.length > 0) throw new Error(`${open.length} of ${rows.length} images are open, for example ${JSON.stringify(open[0])}`);
        return rows;
      },
      timeoutMs,
    );
  }

  /** The value of a metric (with its labels, if it has any), summed over the Pods that `selector` chooses. */
  async metric(selector: string, name: string): Promise<number> {
    const pods = (await this.kubectl.ok(`get pods -l ${selector} -o jsonpath={.items[*].metadata.name}`)).split(" ");
    let sum = 0;
    for (const pod of pods.filter((each) => each !== "")) {
      const text = await this.kubectl.ok(`exec ${pod} -- wget -qO- http://127.0.0.1:9090/metrics`);
      for (const line of text.split("\n")) if (line.startsWith(`${name} `)) sum += Number(line.slice(name.length));
    }
    return sum;
  }
}
