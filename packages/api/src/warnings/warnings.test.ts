import { expect, it } from "vitest";
import type { KindDefinition } from "../kind.ts";
import { admit } from "../kind-testing.ts";
import * as kinds from "../kinds/all-kinds.ts";

const container = { name: "c", image: "i:1" };

it.each<[string, unknown, object, string[]]>([
  ["nothing to say", kinds.podKind, { spec: { containers: [container] } }, []],
  [
    "a name that is no label",
    kinds.podKind,
    { metadata: { name: "a.b" }, spec: { containers: [container] } },
    [
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    ],
  ],
  [
    "an old label of nodes",
    kinds.podKind,
    { spec: { containers: [container], nodeSelector: { "beta.kubernetes.io/os": "linux" } } },
    ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
  ],
  [
    "a variable twice",
    kinds.podKind,
    {
      spec: {
        containers: [
          {
            ...container,
            env: [
              { name: "A", value: "1" },
              { name: "A", value: "2" },
              { name: "A", value: "$(A)3" },
            ],
          },
        ],
      },
    },
    ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
  ],
  [
    "a port twice",
    kinds.podKind,
    { spec: { containers: [{ ...container, ports: [{ containerPort: 80 }, { containerPort: 80, name: "web" }] }] } },
    ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
  ],
  [
    "part of a byte",
    kinds.deploymentKind,
    { spec: { template: { spec: { containers: [{ ...container, resources: { requests: { memory: "128m" } } }] } } } },
    ['spec.template.spec.containers[0].resources.requests[memory]: fractional byte value "128m" is invalid, must be an integer'],
  ],
  [
    "an old volume",
    kinds.podKind,
    { spec: { containers: [container], volumes: [{ name: "v", glusterfs: { endpoints: "e", path: "p" } }] } },
    ["spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+"],
  ],
  [
    "the old class of an Ingress",
    kinds.ingressKind,
    { metadata: { annotations: { "kubernetes.io/ingress.class": "nginx" } } },
    ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"],
  ],
  ["Endpoints", kinds.endpointsKind, {}, ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]],
])("%s", (_name, kind, object, expected) => {
  expect(admit(kind as KindDefinition, object).warnings).toEqual(expected);
});
