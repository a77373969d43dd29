import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  clusterRoleBindingKind,
  clusterRoleKind,
  configMapKind,
  cronJobKind,
  customResourceDefinitionKind,
  deploymentKind,
  eventKind,
  jobKind,
  nodeKind,
  podKind,
  secretKind,
  serviceAccountKind,
  type KubeObject,
  type Resource,
} from "@skiff/api";
import { silentLogger, systemClock, systemRandom } from "@skiff/base";
import { Client, HttpsTransport, loadKubeconfig, transportOptions, type HttpsTransportOptions } from "@skiff/client";
import { Dashboard, DashboardFront, type Entrance } from "@skiff/dashboard";
import { startCluster, type TestCluster } from "./test-cluster.ts";

const HOUR_MS = 3_600_000;
const EVIL = `"><img src=x onerror=alert(1)><script>alert('2')</script>`;

let cluster: TestCluster;
/** As the dashboard reaches the API in earnest: over HTTPS. */
let administrator: HttpsTransport;
const fronts: DashboardFront[] = [];

beforeEach(async () => {
  cluster = await startCluster();
  administrator = new HttpsTransport(await administratorOptions());
});
afterEach(async () => {
  await Promise.all(fronts.splice(0).map((front) => front.close()));
  administrator.close();
  await cluster.stop();
});

/** How the cluster's administrator reaches the API. */
async function administratorOptions(): Promise<HttpsTransportOptions> {
  const files = {
    read: () => cluster.kubeconfig(),
    write: () => Promise.reject(new Error("read only")),
    locked: () => Promise.reject(new Error("read only")),
  };
  const run = (): Promise<never> => Promise.reject(new Error("no commands"));
  return transportOptions(await loadKubeconfig(files, ["kubeconfig"]), { files, clock: systemClock, run });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Without the spaces that mean nothing. */
  readonly text: string;
  readonly raw: string;
}

/** HTML without spaces around tags, so that tests do not depend on how templates are laid out. */
function compact(raw: string): string {
  return raw
    .replace(/\s+/g, " ")
    .replace(/ ?\/?>/g, ">")
    .replace(/> /g, ">")
    .replace(/ </g, "<");
}

/** As much of a browser as the tests need: cookies, forms and redirects. */
class Browser {
  readonly port: number;
  /** Sent with every request. */
  headers: Record<string, string> = {};
  cookie = "";

  constructor(port: number) {
    this.port = port;
  }

  send(method: string, path: string, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers: Record<string, string> = {
        host: `127.0.0.1:${this.port}`,
        ...(this.cookie === "" ? {} : { cookie: this.cookie }),
        ...this.headers,
      };
      if (body !== undefined) headers["content-type"] ??= "application/x-www-form-urlencoded";
      const outgoing = httpRequest({ host: "127.0.0.1", port: this.port, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const [set] = response.headers["set-cookie"] ?? [];
          if (set !== undefined) this.cookie = set.split(";")[0] ?? "";
          const raw = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: compact(raw), raw });
        });
        response.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  get(page: string): Promise<Answer> {
    return this.send("GET", `/base/${page}`);
  }

  /** Sends the form of a page that leads to `action`, with its hidden fields and `fields`. */
  async submit(page: string, action: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const { text } = await this.get(page);
    const form = new RegExp(`<form method="post" action="./${action}">([\\s\\S]*?)</form>`).exec(text)?.[1];
    if (form === undefined) throw new Error(`no form for ${action} in ${text}`);
    const body = new URLSearchParams();
    for (const [, name = "", value = ""] of form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) body.set(name, value);
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return this.send("POST", `/base/${action}`, body.toString());
  }
}

async function serve(entrance: Entrance, hosts?: () => readonly string[]): Promise<Browser> {
  const host = { clock: systemClock, random: systemRandom, log: silentLogger };
  const dashboard = new Dashboard({ host, entrance, hosts, cookie: { name: "test" }, idleMs: HOUR_MS });
  const front = new DashboardFront({ log: host.log, dashboard, basePath: "/base/" });
  fronts.push(front);
  return new Browser(await front.listen(0, "127.0.0.1"));
}

/** A browser of somebody who is in, with the rights of `client`. */
async function signedIn(client = new Client(administrator)): Promise<Browser> {
  let port = 0;
  const browser = await serve({ type: "link", token: "secret", connect: () => ({ client, close: () => {} }) }, () => [`127.0.0.1:${port}`]);
  ({ port } = browser);
  expect(await browser.get("?token=secret")).toMatchObject({ status: 303, headers: { location: "./" } });
  return browser;
}

const CONTAINERS = [{ name: "web", image: "example.com/web:1" }];

async function createDeployment(name: string, replicas: number): Promise<void> {
  await cluster.client.resource(deploymentKind).create({
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: CONTAINERS } },
    },
  });
  await cluster.clock.advance("20s");
}

describe("getting in", () => {
  it("a link works once, and only with its token", async () => {
    let connections = 0;
    const browser = await serve({
      type: "link",
      token: "secret",
      connect: () => ({ client: new Client(administrator), close: () => connections++ }),
    });
    expect((await browser.get("")).status).toBe(403);
    expect((await browser.get("?token=guess")).status).toBe(403);
    expect((await browser.send("HEAD", "/base/?token=secret")).status).toBe(403);
    const entered = await browser.get("?token=secret");
    expect(entered.headers["set-cookie"]).toEqual([expect.stringMatching(/^test=[\w-]{43}; HttpOnly; SameSite=Lax$/)]);
    expect((await browser.get("")).text).toContain("Signed in as<b>kubernetes-admin</b>");
    expect((await new Browser(browser.port).get("?token=secret")).status).toBe(403);
    expect(await browser.submit("", "sign-out")).toMatchObject({ status: 303 });
    expect(connections).toBe(1);
    expect((await browser.get("")).status).toBe(403);
  });

  it("with a token of one's own, and with its rights", async () => {
    const { clientCertificate: _certificate, clientKey: _key, ...anonymous } = await administratorOptions();
    const browser = await serve({
      type: "token",
      connect: (token) => ({ client: new Client(new HttpsTransport({ ...anonymous, token })), close: () => {} }),
    });
    expect((await browser.get("")).text).toContain('action="./sign-in"');
    expect(await browser.get("list?resource=pods")).toMatchObject({ status: 303, headers: { location: "./sign-in" } });
    expect((await browser.send("POST", "/base/sign-in", "token=nobody")).text).toContain("does not accept this token");
    expect((await browser.send("POST", "/base/sign-in", "token=two+words%0d%0aX: 1")).status).toBe(401);

    const ref = { namespace: "default", name: "reader" };
    await cluster.client.resource(serviceAccountKind).create({ metadata: ref });
    const token = (await cluster.client.resource(serviceAccountKind as Resource).createSubresource(ref, "token", {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
    } as KubeObject)) as { status?: { token?: string } };
    const body = new URLSearchParams({ token: token.status?.token ?? "" }).toString();
    browser.headers = { "sec-fetch-site": "cross-site" };
    expect((await browser.send("POST", "/base/sign-in", body)).status).toBe(403);
    browser.headers = { "sec-fetch-site": "same-origin" };
    expect(await browser.send("POST", "/base/sign-in", body)).toMatchObject({ status: 303, headers: { location: "./" } });
    const page = await browser.get("list?resource=secrets&namespace=default");
    expect(page.status).toBe(403);
    expect(page.text).toContain(
      "Your rights in the cluster do not reach so far: secrets is forbidden: User &quot;system:serviceaccount:default:reader&quot; cannot list resource",
    );
    // What one may not see does not keep the rest of a page away.
    const overview = await browser.get("?namespace=default");
    expect(overview.status).toBe(200);
    expect(overview.text).toContain("cannot list resource &quot;deployments&quot;");
  });
});

describe("what comes from elsewhere is not served", () => {
  it("other names (DNS rebinding), other origins, and forms of no session", async () => {
    const browser = await signedIn();
    await createDeployment("web", 1);
    const page = "object?resource=deployments.apps&namespace=default&name=web";
    browser.headers = { host: "evil.example" };
    expect((await browser.get("")).status).toBe(421);
    browser.headers = {};
    const form = "resource=deployments.apps&namespace=default&name=web&replicas=0";
    expect((await browser.send("POST", "/base/scale", form)).status).toBe(403);
    expect((await browser.submit(page, "scale", { replicas: "0", "form-token": "x" })).status).toBe(403);
    browser.headers = { origin: "http://evil.example" };
    expect((await browser.submit(page, "scale", { replicas: "0" })).status).toBe(403);
    browser.headers = { "sec-fetch-site": "same-site" };
    expect((await browser.submit(page, "scale", { replicas: "0" })).status).toBe(403);
    browser.headers = { "content-type": "text/plain" };
    expect((await browser.send("POST", "/base/scale", form)).status).toBe(415);
    browser.headers = {};
    const long = `yaml=${"x".repeat(64 * 1024)}`;
    expect((await browser.send("POST", "/base/create", long)).status).toBe(403);
    expect((await new Browser(browser.port).send("POST", "/base/create", long)).status).toBe(413);
    expect((await browser.send("POST", "/base/create", `yaml=${"x".repeat(10 * 1024 * 1024)}`)).status).toBe(413);
    expect((await browser.send("DELETE", "/base/")).status).toBe(405);
    expect((await browser.send("GET", "/")).status).toBe(404);
    expect(await browser.send("GET", "/base")).toMatchObject({ status: 301, headers: { location: "/base/" } });
    expect((await browser.send("GET", "/base/../base/list")).status).toBe(404);
    expect((await cluster.client.resource(deploymentKind).get({ namespace: "default", name: "web" })).spec?.replicas).toBe(1);
  });

  it("pages run nothing but their own script, and nobody may frame or keep them", async () => {
    const { headers } = await (await signedIn()).get("");
    expect(headers).toMatchObject({
      "content-security-policy": expect.stringMatching(/default-src 'none'; script-src 'self';.*frame-ancestors 'none'/),
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });
});

describe("pages", () => {
  it("the overview counts workloads by their states", async () => {
    await createDeployment("web", 2);
    const { text } = await (await signedIn()).get("?namespace=default");
    const card = (kind: string): string => new RegExp(`<li data-workload="${kind}">[\\s\\S]*?</ul>`).exec(text)?.[0] ?? "";
    expect(card("deployments.apps")).toMatch(/<p class="total">1<\/p>[\s\S]*<span class="state good">Ready<\/span>1/);
    expect(card("pods")).toMatch(/<p class="total">2<\/p>[\s\S]*<span class="state good">Running<\/span>2/);
    expect(card("jobs.batch")).toContain('<p class="total">0</p>');
  });

  it("the menu leads to every kind, custom resources included, whose lists have the server's columns", async () => {
    await cluster.client.resource(customResourceDefinitionKind).create({
      metadata: { name: "boats.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "boats", kind: "Boat" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
            },
            additionalPrinterColumns: [{ name: "Sails", type: "integer", jsonPath: ".spec.sails" }],
          },
        ],
      },
    });
    await cluster.clock.advance("10s");
    const boat: Resource = { group: "example.com", version: "v1", kind: "Boat", plural: "boats", namespaced: true };
    await cluster.client.resource(boat).create({
      apiVersion: "example.com/v1",
      kind: "Boat",
      metadata: { name: "skiff", namespace: "default" },
      spec: { sails: 7 },
      // Nobody has promised what is in there.
      status: { conditions: [null, "calm", { type: { deep: true } }, { type: "Afloat", status: "True" }] },
    } as KubeObject);
    const browser = await signedIn();
    const { text } = await browser.get("");
    const links = Array.from(/<nav[\s\S]*<\/nav>/.exec(text)?.[0].matchAll(/href="\.\/([^"]*)"/g) ?? [], ([, link = ""]) => link);
    expect(links).toContain("list?resource=boats.example.com");
    expect(links.length).toBeGreaterThan(50);
    for (const link of links.filter((each) => !each.includes("metrics.k8s.io")))
      expect([link, (await browser.get(link)).status]).toEqual([link, 200]);
    const list = await browser.get("list?resource=boats.example.com");
    expect(list.text).toMatch(
      /<th scope="col">Sails<\/th>[\s\S]*<a href="\.\/object\?resource=boats\.example\.com&amp;namespace=default&amp;name=skiff">skiff<\/a><\/th><td>7<\/td>/,
    );
    const object = await browser.get("object?resource=boats.example.com&namespace=default&name=skiff");
    expect(object.text).toContain("sails: 7");
    expect(object.text).toContain('<th scope="row">Afloat</th><td>True</td>');
    expect((await browser.get("list?resource=dragons")).status).toBe(404);
  });

  it("lists are paged, and searched by name and label", async () => {
    for (let index = 0; index < 120; index++)
      await cluster.client.resource(configMapKind).create({
        metadata: { name: `map-${String(index).padStart(3, "0")}`, namespace: "default", labels: { even: String(index % 2 === 0) } },
      });
    const browser = await signedIn();
    const rows = (text: string): number => text.match(/<th scope="row">/g)?.length ?? 0;
    const first = await browser.get("list?resource=configmaps&namespace=default");
    expect(rows(first.text)).toBe(100);
    const next = /<a href="\.\/([^"]*)">Next page/.exec(first.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(rows((await browser.get(next)).text)).toBe(21);
    expect(rows((await browser.get("list?resource=configmaps&namespace=default&search=map-11")).text)).toBe(10);
    expect(rows((await browser.get("list?resource=configmaps&namespace=default&search=map-11&labels=even%3Dtrue")).text)).toBe(5);
    expect((await browser.get("list?resource=configmaps&labels=%3D%3D")).status).toBe(400);
  });

  it("an object's page has its owners, what it owns, its conditions, events, and YAML", async () => {
    await createDeployment("web", 1);
    const browser = await signedIn();
    const deployment = await browser.get("object?resource=deployments.apps&namespace=default&name=web");
    expect(deployment.text).toMatch(/ScalingReplicaSet/);
    expect(deployment.text).toMatch(/<th scope="row">Available<\/th><td>True<\/td>/);
    const set =
      /href="\.\/(object\?resource=replicasets\.apps&amp;namespace=default&amp;name=web-[a-z0-9]+)"/.exec(deployment.text)?.[1] ?? "";
    const replicaSet = await browser.get(set.replaceAll("&amp;", "&"));
    expect(replicaSet.text).toContain('<a href="./object?resource=deployments.apps&amp;namespace=default&amp;name=web">Deployment web</a>');
    const pod = /href="\.\/(object\?resource=pods&amp;namespace=default&amp;name=web-[a-z0-9-]+)"/.exec(replicaSet.text)?.[1] ?? "";
    const { text } = await browser.get(pod.replaceAll("&amp;", "&"));
    expect(text).toMatch(/<th scope="row">web<\/th><td>example\.com\/web:1<\/td><td>Running since /);
    expect(text).not.toContain("managedFields");
    expect((await browser.get("object?resource=pods&namespace=default&name=nobody")).text).toContain("pods &quot;nobody&quot; not found");
    expect((await browser.get("object?resource=pods&namespace=default")).status).toBe(400);
  });

  it("everything that an object owns is found, of whatever kind", async () => {
    const owner = await cluster.client.resource(configMapKind).create({ metadata: { name: "owner", namespace: "default" } });
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata?.uid ?? "" }];
    await cluster.client.resource(secretKind).create({ metadata: { name: "owned", namespace: "default", ownerReferences } });
    const { text } = await (await signedIn()).get("owned?resource=configmaps&namespace=default&name=owner");
    expect(text).toMatch(/<caption>Secrets<\/caption>[\s\S]*>owned<\/a>/);
    expect(text.match(/<table/g)).toHaveLength(1);
  });

  it("a node's page adds up what its Pods ask for", async () => {
    const resources = { requests: { cpu: "1", memory: "1Gi" } };
    await cluster.client
      .resource(podKind)
      .create({ metadata: { name: "a", namespace: "default" }, spec: { containers: [{ ...CONTAINERS[0], name: "web", resources }] } });
    await cluster.clock.advance("10s");
    const browser = await signedIn();
    const address = "object?resource=nodes&name=node-1";
    // The first question starts the measuring, for which no page waits.
    let { text } = await browser.get(address);
    expect(text).toContain("<td>1 (25 %)</td><td></td>");
    while (!/<td>\d+m \(\d+ %\)<\/td><\/tr>/.test(text)) {
      await cluster.clock.advance("1s");
      ({ text } = await browser.get(address));
    }
    expect(text).toMatch(/<th scope="row">cpu<\/th><td>4<\/td><td>4<\/td><td>1 \(25 %\)<\/td><td>\d+m/);
  });

  it("a Secret's values are shown to who asks for them only", async () => {
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"key":"aHVudGVyMg=="}}' };
    await cluster.client
      .resource(secretKind)
      .create({ metadata: { name: "s", namespace: "default", annotations }, data: { key: Buffer.from("hunter2").toString("base64") } });
    const browser = await signedIn();
    const address = "object?resource=secrets&namespace=default&name=s";
    const { text } = await browser.get(address);
    expect(text).toContain("key: (7 bytes)");
    expect(text).not.toContain("aHVudGVyMg");
    expect((await browser.get(`${address}&values=1`)).text).toContain("key: aHVudGVyMg==");
  });

  it("markup in names, labels, annotations and messages stays text", async () => {
    const { metadata } = await cluster.client.resource(configMapKind).create({
      metadata: { name: "evil", namespace: "default", annotations: { "example.com/evil": EVIL } },
      data: { key: `</pre></textarea>${EVIL}` },
    });
    const involvedObject = { kind: "ConfigMap", apiVersion: "v1", name: "evil", namespace: "default", uid: metadata?.uid };
    await cluster.client
      .resource(eventKind)
      .create({ metadata: { name: "evil.1", namespace: "default" }, involvedObject, type: "Warning", reason: EVIL, message: EVIL });
    const browser = await signedIn();
    const name = "resource=configmaps&namespace=default&name=evil";
    for (const page of [
      "",
      `object?${name}`,
      `edit?${name}`,
      `list?resource=configmaps&search=${encodeURIComponent(EVIL)}`,
      `list?resource=${encodeURIComponent(EVIL)}`,
      `?namespace=${encodeURIComponent(EVIL)}`,
      `object?resource=pods&namespace=default&name=${encodeURIComponent(EVIL)}`,
    ]) {
      const { text } = await browser.get(page);
      // The API server names a path's segment as it was sent.
      expect(text).toMatch(/&lt;script&gt;|%3Cscript%3E/);
      expect(text.match(/<script/g)).toHaveLength(1);
      expect(text).not.toContain("<img");
    }
  });
});

describe("actions", () => {
  const page = "object?resource=deployments.apps&namespace=default&name=web";
  const deployment = (): Promise<KubeObject & { spec?: { replicas?: number; template?: KubeObject } }> =>
    cluster.client.resource(deploymentKind).get({ namespace: "default", name: "web" });

  it("scale and restart", async () => {
    await createDeployment("web", 1);
    const browser = await signedIn();
    expect(await browser.submit(page, "scale", { replicas: "3" })).toMatchObject({ status: 303, headers: { location: `./${page}` } });
    expect((await deployment()).spec?.replicas).toBe(3);
    expect((await browser.submit(page, "scale", { replicas: "-1" })).status).toBe(422);
    expect((await browser.submit(page, "restart")).status).toBe(303);
    expect((await deployment()).spec?.template?.metadata?.annotations).toHaveProperty(["kubectl.kubernetes.io/restartedAt"]);
  });

  it("edit; what the server refuses is told above the text", async () => {
    await createDeployment("web", 1);
    const browser = await signedIn();
    const edit = page.replace("object", "edit");
    const yaml = /<textarea[^>]*>\n?([\s\S]*?)<\/textarea>/.exec((await browser.get(edit)).raw)?.[1]?.replaceAll("&quot;", '"') ?? "";
    expect(await browser.submit(edit, "edit", { yaml: yaml.replace("replicas: 1\n", "replicas: 2\n") })).toMatchObject({ status: 303 });
    expect((await deployment()).spec?.replicas).toBe(2);
    const stale = await browser.submit(edit, "edit", { yaml: yaml.replace("replicas: 1\n", "replicas: 5\n") });
    expect(stale.status).toBe(422);
    expect(stale.text).toContain("Somebody else was faster");
    expect(stale.raw).toContain("replicas: 5\n");
    for (const [wrong, told] of [
      ["- a", "not the YAML of an object"],
      ["a: [", "This is not YAML"],
      [yaml.replace("name: web", "name: other"), "cannot be changed"],
      [yaml.replace(/ {2}resourceVersion:.*\n/, "").replace("replicas: 1\n", "replicaz: 1\n"), "unknown field"],
    ] as const)
      expect((await browser.submit(edit, "edit", { yaml: wrong })).text).toContain(told);
  });

  it("create applies every object of a text", async () => {
    const browser = await signedIn();
    const yaml =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\ndata: {a: b}\n---\napiVersion: v1\nkind: Dragon\nmetadata: {name: d}\n";
    const done = await browser.submit("create", "create", { namespace: "default", yaml });
    expect(done.status).toBe(422);
    expect(done.text).toContain(
      '<span class="state good">Applied</span><a href="./object?resource=configmaps&amp;namespace=default&amp;name=made">',
    );
    expect(done.text).toContain("does not serve Dragon of v1");
    const made = await cluster.client.resource(configMapKind).get({ namespace: "default", name: "made" });
    expect(made.metadata?.managedFields).toMatchObject([{ manager: "skiff-dashboard", operation: "Apply" }]);
  });

  it("delete asks first, and deletes what was shown", async () => {
    await createDeployment("web", 1);
    const browser = await signedIn();
    expect((await browser.submit(page.replace("object", "delete"), "delete", { propagation: "Background", uid: "another" })).status).toBe(
      409,
    );
    expect(await browser.submit(page.replace("object", "delete"), "delete", { propagation: "Background" })).toMatchObject({
      status: 303,
      headers: { location: "./list?resource=deployments.apps&namespace=default" },
    });
    await expect(deployment()).rejects.toThrow("not found");
  });

  it("cordon a node; suspend, resume and run a CronJob", async () => {
    const browser = await signedIn();
    const node = await browser.submit("object?resource=nodes&name=node-1", "cordon");
    expect(node.status).toBe(303);
    expect((await cluster.client.resource(nodeKind).get({ name: "node-1" })).spec?.unschedulable).toBe(true);
    await cluster.client.resource(cronJobKind).create({
      metadata: { name: "tick", namespace: "default" },
      spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: { spec: { containers: CONTAINERS, restartPolicy: "Never" } } } } },
    });
    const cronJob = "object?resource=cronjobs.batch&namespace=default&name=tick";
    expect((await browser.submit(cronJob, "suspend")).status).toBe(303);
    expect((await cluster.client.resource(cronJobKind).get({ namespace: "default", name: "tick" })).spec?.suspend).toBe(true);
    expect((await browser.submit(cronJob, "trigger")).status).toBe(303);
    const { items } = await cluster.client.resource(jobKind).list({ namespace: "default" });
    expect(items.map(({ metadata }) => metadata?.ownerReferences?.[0]?.name)).toEqual(["tick"]);
  });

  it("without the right the answer is a sentence, and nothing happens", async () => {
    await createDeployment("web", 1);
    await cluster.client
      .resource(clusterRoleKind)
      .create({ metadata: { name: "look" }, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] }] });
    await cluster.client.resource(clusterRoleBindingKind).create({
      metadata: { name: "look" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "look" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "jane" }],
    });
    const browser = await signedIn(new Client(new HttpsTransport({ ...(await administratorOptions()), impersonate: { user: "jane" } })));
    const refused = await browser.submit(page, "scale", { replicas: "3" });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("You are not allowed to do this");
    expect((await deployment()).spec?.replicas).toBe(1);
  });
});

describe("live pages", () => {
  it("are told that something changed", async () => {
    const browser = await signedIn();
    const page = await browser.get("list?resource=configmaps&namespace=default");
    const address = /data-changes="\.\/([^"]*)"/.exec(page.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const events: string[] = [];
    const changed = new Promise<void>((resolve, reject) => {
      const headers = { host: `127.0.0.1:${browser.port}`, cookie: browser.cookie };
      const outgoing = httpRequest({ host: "127.0.0.1", port: browser.port, path: `/base/${address}`, headers }, (response) => {
        response.on("data", (chunk: Buffer) => {
          events.push(chunk.toString());
          if (events.length === 1) void cluster.client.resource(configMapKind).create({ metadata: { name: "new", namespace: "default" } });
          else resolve(response.destroy() && undefined);
        });
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
    await changed;
    expect(events).toEqual([": watching\n\n", "event: change\ndata:\n\n"]);
    expect((await browser.get("changes")).status).toBe(400);
  });
});
