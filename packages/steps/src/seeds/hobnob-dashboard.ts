import { expecting, prints } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { StepCheck } from "../seed-plan.ts";
import type { World } from "../world.ts";

/** Keeps the browser's cookies. */
const JAR = "dashboard-cookies";
/** So many of the menu's kinds are looked at. */
const LOOKED_AT = 12;
const ACCOUNT = "dashboard-reader";

/** A page as a browser that keeps its cookies gets it. */
function page(world: World, address: string, options = ""): Promise<string> {
  return world.ok(`curl --silent --show-error --location --fail --cookie ${JAR} --cookie-jar ${JAR} ${options} '${address}'`);
}

/** The overview has the workloads, and the menu leads to lists of all kinds. */
async function lookAround(world: World, home: string): Promise<void> {
  const overview = await page(world, home);
  for (const kind of ["deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "pods"])
    must(overview.includes(`data-workload="${kind}"`), `the overview has no ${kind}`);
  const menu = /<nav[\s\S]*<\/nav>/.exec(overview)?.[0] ?? "";
  const links = Array.from(menu.matchAll(/href="\.\/(list\?[^"]*)"/g), ([, link = ""]) => link.replaceAll("&amp;", "&"));
  must(links.length > 40, `the menu has ${links.length} kinds only`);
  for (const link of links.slice(0, LOOKED_AT)) must((await page(world, `${home}${link}`)).includes("<main"), `${link} is no page`);
}

/** `minikube dashboard` and the page behind `kubectl proxy`. */
export const DASHBOARD_CHECKS: Readonly<Record<string, StepCheck>> = {
  "s002-142": {
    async perform(world, { text }) {
      const dashboard = world.workspace.start(text);
      const link = await world.eventually("the address", async () => /http:\S+\?token=\S+/.exec(dashboard.stdout)?.[0]);
      await page(world, link);
      await lookAround(world, link.replace(/\?.*/, ""));
      return dashboard.stop();
    },
    ...expecting(prints("The dashboard is at http://127.0.0.1:")),
  },
  "s002-144": {
    async perform(world, { text }) {
      const proxy = world.workspace.start("kubectl proxy");
      await world.eventually("the proxy", async () => proxy.stdout.includes("Starting to serve"));
      must((await page(world, text)).includes("Bearer token"), "the dashboard lets somebody in who has no token");
      await world.ok(`kubectl create serviceaccount ${ACCOUNT}`);
      await world.ok(`kubectl create clusterrolebinding ${ACCOUNT} --clusterrole=cluster-admin --serviceaccount=default:${ACCOUNT}`);
      const token = (await world.ok(`kubectl create token ${ACCOUNT}`)).trim();
      await page(world, `${text}sign-in`, `--data-urlencode token=${token}`);
      await lookAround(world, text);
      await proxy.stop();
      await world.ok(`kubectl delete clusterrolebinding,serviceaccount ${ACCOUNT}`);
      return SILENT;
    },
    ...expecting(),
  },
};
