import { afterEach, beforeEach, expect, it } from "vitest";
import {
  cronJobKind,
  forbidden,
  daemonSetKind,
  isStatus,
  jobKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podDisruptionBudgetKind,
  resourceQuotaKind,
  serviceKind,
  StatusError,
  statefulSetKind,
  type Transport,
} from "@skiff/api";
import {
  createAuthorizer,
  createPathHandlers,
  createSubresourceHandlers,
  nodeSourceOf,
  RbacAuthorizer,
  rbacSourceOf,
  reconcileBootstrapPolicy,
  type AdmissionPlugin,
  type ObjectReader,
} from "@skiff/apiserver";
import { startTestApiServer, type TestApiServer } from "@skiff/apiserver/testing";
import { Client, InformerFactory } from "@skiff/client";
import { allControllers, controllerUser, startControllers, type RunningControllers } from "./all-controllers.ts";
import { deployment, deploymentKind, podKind, replicaSetKind, template } from "./testing/test-cluster.ts";

let server: TestApiServer;
let informers: InformerFactory;
let running: RunningControllers;
let admin: Client;
/** What the server refused to the controllers. */
let refusals: string[];

/** Notes every refusal on its way. */
function noting(name: string, inner: Transport): Transport {
  const note = (error: unknown): never => {
    const isExpected = isStatus(error) && error.status.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating");
    if (!isExpected && isStatus(error, "Forbidden", "Invalid", "BadRequest")) refusals.push(`${name}: ${error.message}`);
    throw error;
  };
  return {
    request: (request) => inner.request(request).catch(note),
    watch: (request, onEvents) => inner.watch(request, onEvents).catch(note),
    stream: (request) => inner.stream(request).catch(note),
  };
}

/** The rule of admission that controllers know: nothing new comes into a namespace that goes away. */
function namespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    validate: ({ operation, namespace, kind, name }) => {
      if (operation !== "CREATE" || reader.get(namespaceKind, undefined, namespace)?.metadata?.deletionTimestamp === undefined) return;
      const { status } = forbidden(
        { kind: kind.plural, name },
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      throw new StatusError({ ...status, details: { ...status.details, causes: [{ reason: "NamespaceTerminating" }] } });
    },
  };
}

beforeEach(async () => {
  refusals = [];
  let rolesChanged: (namespace: string | undefined) => void = () => {};
  const nowhere = (): never => {
    throw new Error("no node can be reached in this test");
  };
  server = await startTestApiServer({
    compose: ({ reader }) => ({
      paths: createPathHandlers(),
      subresources: createSubresourceHandlers({
        reader,
        connector: { request: nowhere, upgrade: nowhere },
        tokens: { issue: nowhere } as never,
      }),
      admission: [namespaceLifecycle(reader)],
      authorizer: createAuthorizer(
        new RbacAuthorizer(rbacSourceOf(reader, (listener) => ((rolesChanged = listener), () => {}))),
        nodeSourceOf(reader, () => []),
      ),
    }),
  });
  admin = server.client();
  await reconcileBootstrapPolicy(admin);
  rolesChanged(undefined);
  const as = (name: string, groups: readonly string[] = []): Client =>
    new Client(noting(name, server.server.transport({ name, groups: [...groups, "system:authenticated"] }, name)));
  informers = new InformerFactory(as("system:kube-controller-manager"), server.host, { sharedObjects: true });
  running = startControllers({
    host: server.host,
    informers,
    clientFor: (account) => as(controllerUser(account), ["system:serviceaccounts", "system:serviceaccounts:kube-system"]),
    rootCa: "PEM",
    nodeIpam: { clusterCidrs: ["10.244.0.0/16"] },
  });
  await server.clock.advance("5s");
});
afterEach(async () => {
  const stopped = Promise.all([running.stop(), informers.stop()]);
  await server.clock.advance("5s");
  await stopped;
  await server.stop();
});

it("gives each controller a name of its own", () => {
  expect(new Set(allControllers.map(({ name }) => name)).size).toBe(allControllers.length);
});

it("lets every controller do its work with no more than the rights of its own account", async () => {
  await admin.resource(nodeKind).create({ metadata: { name: "n1" } });
  await admin.resource(namespaceKind).create({ metadata: { name: "team" } });
  const inTeam = { namespace: "team" };
  const web = deployment("web", 2);
  await admin.resource(deploymentKind).create({ ...web, metadata: { ...web.metadata, ...inTeam } });
  await admin
    .resource(serviceKind)
    .create({ metadata: { name: "web", ...inTeam }, spec: { selector: { app: "web" }, ports: [{ port: 80 }] } });
  const selector = { matchLabels: { app: "agent" } };
  await admin.resource(daemonSetKind).create({ metadata: { name: "agent", ...inTeam }, spec: { selector, template: template("agent") } });
  await admin.resource(statefulSetKind).create({
    metadata: { name: "agent", ...inTeam },
    spec: { replicas: 1, serviceName: "agent", selector: { matchLabels: { app: "db" } }, template: template("db") },
  });
  const work = { restartPolicy: "Never", containers: [{ name: "main", image: "work:1" }] };
  await admin.resource(jobKind).create({ metadata: { name: "work", ...inTeam }, spec: { template: { spec: work } } });
  await admin.resource(cronJobKind).create({
    metadata: { name: "nightly", ...inTeam },
    spec: { schedule: "* * * * *", jobTemplate: { spec: { template: { spec: work } } } },
  });
  await admin.resource(resourceQuotaKind).create({ metadata: { name: "small", ...inTeam }, spec: { hard: { "count/jobs.batch": "99" } } });
  await admin
    .resource(podDisruptionBudgetKind)
    .create({ metadata: { name: "web", ...inTeam }, spec: { maxUnavailable: 1, selector: { matchLabels: { app: "web" } } } });
  const size = { storage: "1Gi" };
  const accessModes = ["ReadWriteOnce"];
  await admin
    .resource(persistentVolumeKind)
    .create({ metadata: { name: "disk" }, spec: { capacity: size, accessModes, hostPath: { path: "/srv/disk" } } });
  const claimSpec = { accessModes, resources: { requests: size } };
  await admin.resource(persistentVolumeClaimKind).create({ metadata: { name: "data", ...inTeam }, spec: claimSpec });
  const volumes = [{ name: "scratch", ephemeral: { volumeClaimTemplate: { spec: claimSpec } } }];
  await admin.resource(podKind).create({ metadata: { name: "scratcher", ...inTeam }, spec: { ...template("scratcher").spec!, volumes } });
  await server.clock.advance("2m");
  const claims = (await admin.resource(persistentVolumeClaimKind).list(inTeam)).items;
  expect(claims.map(({ metadata, status }) => `${metadata?.name} ${status?.phase}`)).toEqual(["data Bound", "scratcher-scratch Pending"]);
  expect((await admin.resource(resourceQuotaKind).get({ name: "small", ...inTeam })).status?.used).toBeDefined();
  expect((await admin.resource(podDisruptionBudgetKind).get({ name: "web", ...inTeam })).status?.expectedPods).toBe(2);
  expect((await admin.resource(replicaSetKind).list(inTeam)).items.map(({ status }) => status?.replicas)).toEqual([2]);
  const pods = (await admin.resource(podKind).list(inTeam)).items;
  expect(pods.filter(({ metadata }) => metadata?.labels?.app === "agent")).toHaveLength(1);
  expect(pods.length).toBeGreaterThanOrEqual(5);
  const finished = pods.find(({ metadata }) => metadata?.labels?.["job-name"] === "work");
  await admin
    .resource(podKind)
    .patch({ ...inTeam, name: finished?.metadata?.name ?? "" }, { status: { phase: "Succeeded" } }, { subresource: "status" });
  await admin
    .resource(deploymentKind)
    .patch({ ...inTeam, name: "web" }, { spec: { template: { spec: { containers: [{ name: "web", image: "web:2" }] } } } });
  await server.clock.advance("1m");
  await admin.resource(namespaceKind).delete({ name: "team" });
  await server.clock.advance("2m");
  expect(refusals).toEqual([]);
  expect((await admin.resource(persistentVolumeKind).get({ name: "disk" })).status?.phase).toBe("Released");
  expect((await admin.resource(namespaceKind).list()).items.map(({ metadata }) => metadata?.name)).not.toContain("team");
});
