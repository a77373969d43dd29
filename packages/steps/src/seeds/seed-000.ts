import { expecting } from "../expectations.ts";
import { must, SILENT } from "../outcome.ts";
import type { SeedPlan, StepCheck } from "../seed-plan.ts";
import { prepareFaces, REPLACEMENTS } from "./face-recognition/application.ts";
import { SHARED } from "./face-recognition/shared-steps.ts";

/** The fragments of nsqlookup, put together to what the text describes, make a Pod that listens as stated. */
function inNsqlookup(fragment: string): StepCheck["verify"] {
  return async (_outcome, world, step) => {
    must(step.text.includes(fragment.split("\n")[0] ?? ""), "the fragment is another one");
    await world.apply(`apiVersion: apps/v1
kind: Deployment
metadata: {name: nsqlookup}
spec:
  replicas: 1
  selector: {matchLabels: {app: nsqlookup}}
  template:
    metadata: {labels: {app: nsqlookup}}
    spec:
      containers:
      - name: nsqlookup
        image: nsqio/nsq
        command: ["/nsqlookupd"]
        args: ["--broadcast-address=nsqlookup.default.svc.cluster.local"]
`);
    const log = await world.ok("kubectl logs deployment/nsqlookup");
    must(/TCP: listening on .*4160/.test(log) && /HTTP: listening on .*4161/.test(log), `nsqlookupd does not listen:\n${log}`);
  };
}

/** The middle part of the article. */
export const SEED_000: SeedPlan = {
  seed: "000",
  title: "face recognition: the middle of the article",
  images: ["nginx", "busybox", "mysql", "face-recognition"],
  replacements: REPLACEMENTS,
  prepare: prepareFaces,
  checks: {
    ...SHARED,
    // Only the other translation has the whole manifest.
    "s000-028": { perform: () => Promise.resolve(SILENT), ...expecting(inNsqlookup("selector:\n  matchLabels:\n    app: nsqlookup")) },
    "s000-029": { perform: () => Promise.resolve(SILENT), ...expecting(inNsqlookup('command: ["/nsqlookupd"]')) },
  },
};
