import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { DebianImageBuilder, MYSQL, WORDPRESS } from "@skiff/e2e";
import { eventually, type Kubectl, obstacle, run, TestCluster } from "@skiff/e2e/testing";

const why = obstacle();
const manifests = fileURLToPath(new URL("manifests", import.meta.url));

/** The database is made first, on a machine that is perhaps busy. */
const START = "--timeout=150s";

const SITE = {
  weblog_title: "Sailing with nine knots",
  user_name: "ada",
  admin_password: "correct horse battery staple",
  admin_password2: "correct horse battery staple",
  pw_weak: "on",
  admin_email: "ada@example.com",
  blog_public: "0",
};

describe.skipIf(why !== undefined)(`WordPress with MySQL${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let site: string;
  const curl = async (path: string, ...args: readonly string[]): Promise<string> =>
    (await run("curl", ["--silent", "--location", "--max-time", "20", ...args, `http://${site}${path}`])).stdout;
  const rolledOut = async (): Promise<void> => {
    for (const name of ["wordpress-mysql", "wordpress"])
      await kubectl.ok(`rollout status deployment/${name} ${START}`, { timeoutMs: 160_000 });
  };

  beforeAll(async () => {
    const builder = new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) });
    cluster = await TestCluster.start("e2e-wordpress", [], [await builder.build(MYSQL), await builder.build(WORDPRESS)]);
    kubectl = cluster.kubectl();
    await kubectl.ok("create secret generic mysql-pass --from-literal=password=admin");
    await kubectl.ok(`apply -f ${manifests}`);
    await rolledOut();
    const [node] = (await cluster.status()).nodes;
    site = `${node?.address}:${await kubectl.ok("get service wordpress -o jsonpath={.spec.ports[0].nodePort}")}`;
  }, 600_000);

  afterAll(async () => {
    await cluster?.remove();
  });

  it("shows the page of its installation on the node port, and can be installed", async () => {
    expect(await curl("/")).toMatch(/<title>WordPress[^<]*Installation<\/title>/);
    const form = Object.entries(SITE).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
    expect(await curl("/wp-admin/install.php?step=2", ...form)).toContain("WordPress has been installed.");
    expect(await curl("/")).toContain(`<title>${SITE.weblog_title}</title>`);
  });

  it("keeps what the database and the site hold when their Pods have gone", async () => {
    const uploaded = "wp-content/uploads/log.txt";
    await kubectl.ok(`exec deploy/wordpress -- bash -c 'mkdir -p wp-content/uploads && echo 240 miles > ${uploaded}'`);
    const uids = (): Promise<string> => kubectl.ok("get pods -l app=wordpress -o jsonpath={.items[*].metadata.uid}");
    const before = (await uids()).split(" ");
    await kubectl.ok("delete pods -l app=wordpress");
    await rolledOut();
    for (const uid of (await uids()).split(" ")) expect(before).not.toContain(uid);
    const title = `<title>${SITE.weblog_title}</title>`;
    expect(await eventually("the site", async () => ((await curl("/")).includes(title) ? title : undefined))).toBe(title);
    expect(await curl(`/${uploaded}`)).toBe("240 miles\n");
    const cookies = ["--cookie", "wordpress_test_cookie=WP%20Cookie%20check", "--cookie-jar", "/dev/null"];
    const signIn = [
      "--data-urlencode",
      `log=${SITE.user_name}`,
      "--data-urlencode",
      `pwd=${SITE.admin_password}`,
      "--data",
      "testcookie=1",
    ];
    expect(await curl("/wp-login.php", ...cookies, ...signIn)).toContain("Dashboard");
  });
});
