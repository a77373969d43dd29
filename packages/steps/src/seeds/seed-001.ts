import type { SeedPlan } from "../seed-plan.ts";
import { NEEDS_DOCKER } from "../skip-reason.ts";
import { addMinikube } from "../stand-ins.ts";
import { APPLICATION } from "./face-recognition/application-steps.ts";
import { CLUSTER } from "./face-recognition/cluster-steps.ts";
import { prepareFaces, REPLACEMENTS } from "./face-recognition/application.ts";
import { SHARED } from "./face-recognition/shared-steps.ts";

const AFTER_DEPLOYMENT = "s001-042";

/** The whole article. */
export const SEED_001: SeedPlan = {
  seed: "001",
  title: "face recognition: the whole article",
  images: ["nginx", "busybox", "mysql", "face-recognition"],
  replacements: REPLACEMENTS,
  // The article shows first what it builds later.
  later: {
    ...Object.fromEntries(["001", "002", "003", "004", "005", "006", "007"].map((number) => [`s001-${number}`, AFTER_DEPLOYMENT])),
    "s001-018": AFTER_DEPLOYMENT,
    "s001-013": "s000-015",
    "s001-014": "s000-015",
    "s001-015": "s000-015",
    "s001-035": AFTER_DEPLOYMENT,
    "s001-039": AFTER_DEPLOYMENT,
    "s001-036": AFTER_DEPLOYMENT,
    "s001-037": AFTER_DEPLOYMENT,
  },
  elsewhere: { "s001-047": NEEDS_DOCKER },
  async prepare(world) {
    await prepareFaces(world);
    await addMinikube(world, "steps-001", 'up --name steps-001 --kubeconfig "$KUBECONFIG"');
  },
  checks: { ...SHARED, ...APPLICATION, ...CLUSTER },
};
