import { systemClock } from "@skiff/base";
import { benchHttpsApi, benchHttpsRollout, benchUpstreamStart } from "./compared.ts";
import { benchInProcessApi, benchStart } from "./in-process.ts";
import type { Measurement } from "./measurement.ts";
import { benchRealCluster } from "./real-cluster.ts";
import { benchRollout } from "./rollout-bench.ts";
import { benchScheduling } from "./scheduling-bench.ts";
import { containerObstacle, programObstacle } from "./skiff-cluster.ts";
import { upstreamObstacle } from "./upstream-cluster.ts";

/** A part of the benchmarks that can be run by itself. */
interface Section {
  readonly name: string;
  /** Why it cannot run here, or nothing. */
  readonly obstacle?: () => string | undefined;
  /** `tiny`: on the smallest input, to see that it works. */
  readonly run: (tiny: boolean) => Promise<Measurement[]>;
}

const hasUpstream = (): boolean => upstreamObstacle() === undefined;
const hasUpstreamControllers = (): boolean => upstreamObstacle(["kube-scheduler", "kube-controller-manager"]) === undefined;

/** All benchmarks, in the order of the table. */
export const SECTIONS: readonly Section[] = [
  { name: "start", run: (tiny) => benchStart({ runs: tiny ? 1 : 7 }) },
  { name: "upstream-start", obstacle: upstreamObstacle, run: (tiny) => benchUpstreamStart({ runs: tiny ? 1 : 5 }) },
  {
    name: "rollout",
    run: (tiny) => benchRollout(tiny ? { runs: 1, nodes: 2, replicas: 4 } : { runs: 5, nodes: 100, replicas: 1000 }),
  },
  {
    name: "large-rollout",
    run: (tiny) => benchRollout(tiny ? { runs: 1, nodes: 3, replicas: 9 } : { runs: 3, nodes: 1000, replicas: 10_000 }),
  },
  {
    name: "scheduler",
    run: async (tiny) => [
      ...(await benchScheduling(tiny ? { runs: 1, nodes: 3, pods: 9 } : { runs: 3, nodes: 100, pods: 1000 }, systemClock)),
      ...(tiny ? [] : await benchScheduling({ runs: 3, nodes: 1000, pods: 5000 }, systemClock)),
      ...(tiny ? [] : await benchScheduling({ runs: 3, nodes: 5000, pods: 5000 }, systemClock)),
    ],
  },
  {
    name: "api",
    run: (tiny) =>
      benchInProcessApi(tiny ? { runs: 1, pods: 3, requests: 2, watchers: 2 } : { runs: 3, pods: 10_000, requests: 500, watchers: 1000 }),
  },
  {
    name: "https-api",
    obstacle: programObstacle,
    run: (tiny) =>
      benchHttpsApi(
        tiny ? { runs: 1, pods: 3, requests: 2, watchers: 2 } : { runs: 3, pods: 10_000, requests: 500, watchers: 1000 },
        hasUpstream(),
      ),
  },
  {
    name: "https-rollout",
    obstacle: programObstacle,
    run: (tiny) =>
      benchHttpsRollout(tiny ? { runs: 1, nodes: 2, replicas: 4 } : { runs: 3, nodes: 100, replicas: 1000 }, hasUpstreamControllers()),
  },
  {
    name: "real",
    obstacle: containerObstacle,
    run: (tiny) => benchRealCluster(tiny ? { runs: 1, pods: 1, idleMs: 200 } : { runs: 3, pods: 20, idleMs: 20_000 }),
  },
];
