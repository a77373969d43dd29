import { describe, expect, it } from "vitest";
import type { ContainerStatus, Deployment, Job, Pod } from "@skiff/api";
import { cronJobState, daemonSetState, deploymentState, jobState, podState, statefulSetState } from "./workload-state.ts";

function pod(status: Pod["status"], metadata: Pod["metadata"] = {}): Pod {
  return { metadata, status };
}

function waiting(reason: string): ContainerStatus {
  return { name: "c", image: "i", imageID: "", ready: false, restartCount: 0, state: { waiting: { reason } } };
}

const READY = [{ type: "Ready", status: "True" }];

describe("Pods", () => {
  it.each([
    [pod({ phase: "Running", conditions: READY }), "good", "Running"],
    [pod({ phase: "Running", conditions: [{ type: "Ready", status: "False" }] }), "busy", "Not ready"],
    [pod({ phase: "Running", containerStatuses: [waiting("CrashLoopBackOff")] }), "bad", "CrashLoopBackOff"],
    [pod({ phase: "Pending", containerStatuses: [waiting("ImagePullBackOff")] }), "bad", "ImagePullBackOff"],
    [pod({ phase: "Pending", containerStatuses: [waiting("ContainerCreating")] }), "busy", "Pending"],
    [pod({ phase: "Pending", initContainerStatuses: [waiting("CrashLoopBackOff")] }), "bad", "CrashLoopBackOff"],
    [pod({ phase: "Succeeded" }), "rest", "Completed"],
    [pod({ phase: "Failed", reason: "Evicted" }), "bad", "Evicted"],
    [pod({ phase: "Running", conditions: READY }, { deletionTimestamp: "2026-01-01T00:00:00Z" }), "busy", "Terminating"],
    [pod(undefined), "busy", "Pending"],
  ])("%#: %s", (object, level, word) => expect(podState(object)).toEqual({ level, word }));
});

describe("what keeps Pods", () => {
  const deployment = (replicas: number, readyReplicas: number, updatedReplicas: number, reason = "NewReplicaSetAvailable"): Deployment => ({
    spec: { replicas, selector: {}, template: {} },
    status: { readyReplicas, updatedReplicas, conditions: [{ type: "Progressing", status: "True", reason }] },
  });

  it.each([
    [deployment(2, 2, 2), "Ready"],
    [deployment(2, 1, 2), "Progressing"],
    [deployment(2, 2, 1), "Progressing"],
    [deployment(0, 0, 0), "Scaled to zero"],
    [deployment(2, 0, 2, "ProgressDeadlineExceeded"), "Deadline exceeded"],
  ])("Deployment %#", (object, word) => expect(deploymentState(object).word).toBe(word));

  it("a StatefulSet and a DaemonSet", () => {
    expect(
      statefulSetState({ spec: { replicas: 3, selector: {}, template: {} }, status: { replicas: 3, readyReplicas: 3, updatedReplicas: 3 } })
        .word,
    ).toBe("Ready");
    const status = {
      currentNumberScheduled: 2,
      numberMisscheduled: 0,
      desiredNumberScheduled: 2,
      numberReady: 1,
      updatedNumberScheduled: 2,
    };
    expect(daemonSetState({ status }).word).toBe("Progressing");
    expect(daemonSetState({ status: { ...status, numberReady: 2 } }).word).toBe("Ready");
    expect(daemonSetState({ status: { ...status, desiredNumberScheduled: 0 } }).word).toBe("No nodes");
  });

  it.each<[string | undefined, boolean, string]>([
    ["Complete", false, "Complete"],
    ["Failed", false, "Failed"],
    [undefined, true, "Suspended"],
    [undefined, false, "Running"],
  ])("a Job with condition %s", (type, suspend, word) => {
    const job: Job = { spec: { template: {}, suspend }, status: type === undefined ? {} : { conditions: [{ type, status: "True" }] } };
    expect(jobState(job).word).toBe(word);
  });

  it("a CronJob", () => {
    const spec = { schedule: "* * * * *", jobTemplate: {} };
    expect(cronJobState({ spec }).word).toBe("Waiting for its time");
    expect(cronJobState({ spec, status: { active: [{ name: "j" }] } }).word).toBe("Active");
    expect(cronJobState({ spec: { ...spec, suspend: true } }).word).toBe("Suspended");
  });
});
