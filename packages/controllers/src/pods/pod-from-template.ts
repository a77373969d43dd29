import type { OwnerReference, Pod, PodTemplateSpec } from "@skiff/api";

/** The Pod that a template stands for, named after its owner and managed by it. It shares the template's parts. */
export function podFromTemplate(
  template: PodTemplateSpec,
  owner: { readonly name: string; readonly namespace: string },
  reference: OwnerReference,
): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.name}-`,
      namespace: owner.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [reference],
    },
    spec: template.spec,
  };
}
