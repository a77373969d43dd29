import { fnv1a32, safeEncode } from "@skiff/base";
import {
  controllerRevisionKind,
  isStatus,
  semanticEqual,
  type ControllerRevision,
  type KubeObject,
  type PodTemplateSpec,
  type Resource,
} from "@skiff/api";
import type { Client } from "@skiff/client";
import { controllerRefTo } from "@skiff/controller-kit";
import { canonicalJson } from "../canonical-json.ts";

/** The label by which a Pod says of which revision it is. */
export const REVISION_HASH_LABEL = "controller-revision-hash";

/** The hash of a revision: the value of the label, and for older objects the end of the name. */
export function hashOf({ metadata }: ControllerRevision): string {
  return metadata?.labels?.[REVISION_HASH_LABEL] ?? "";
}

/** The history of one owner, and what should become of it. */
export interface RevisionPlan {
  /** The revision of the present template, as it is to be stored. */
  readonly current: ControllerRevision;
  readonly action: "none" | "create" | "renumber";
}

/** The template as `kubectl rollout undo` and `history` expect it: a strategic merge patch that replaces the template. */
function dataOf(template: PodTemplateSpec | undefined): unknown {
  return { spec: { template: { ...template, $patch: "replace" } } };
}

/** Finds the revision of the present template, or makes the next one; a template that comes back gets the highest number again. */
export function planRevision<Owner extends KubeObject>(
  resource: Resource<Owner>,
  owner: Owner,
  template: PodTemplateSpec | undefined,
  history: readonly ControllerRevision[],
  collisionCount: number | undefined,
): RevisionPlan {
  const highest = Math.max(0, ...history.map(({ revision }) => revision));
  const data = dataOf(template);
  const equal = history.filter((revision) => semanticEqual(revision.data, data)).sort((a, b) => b.revision - a.revision)[0];
  if (equal !== undefined) {
    return equal.revision === highest
      ? { current: equal, action: "none" }
      : { current: { ...equal, revision: highest + 1 }, action: "renumber" };
  }
  const text = canonicalJson(data);
  const hash = safeEncode(String(fnv1a32(text + (collisionCount === undefined ? "" : `#${collisionCount}`))));
  const { name = "", namespace } = owner.metadata ?? {};
  const current: ControllerRevision = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...template?.metadata?.labels, [REVISION_HASH_LABEL]: hash },
      ownerReferences: [controllerRefTo(resource, owner)],
    },
    // Its keys are in order, for there are clients that compare it byte by byte with one that they make themselves.
    data: JSON.parse(text) as unknown,
    revision: highest + 1,
  };
  return { current, action: "create" };
}

/** Thrown when the name of a new revision belongs to a different one: the next attempt must count one collision more. */
export class RevisionCollisionError extends Error {
  override readonly name = "RevisionCollisionError";
}

/** Stores the revision where needed. Errors: {@link RevisionCollisionError}. */
export async function performRevision(client: Client, plan: RevisionPlan): Promise<void> {
  const revisions = client.resource(controllerRevisionKind);
  if (plan.action === "renumber") await revisions.update(plan.current);
  if (plan.action !== "create") return;
  try {
    await revisions.create(plan.current);
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    const { namespace, name = "" } = plan.current.metadata ?? {};
    const present = await revisions.get({ namespace, name });
    if (!semanticEqual(present.data, plan.current.data)) throw new RevisionCollisionError(`the hash of ${name} is taken`);
  }
}

/** The revisions beyond the history limit that nothing uses any more, the oldest. */
export function expiredRevisions(
  history: readonly ControllerRevision[],
  inUse: ReadonlySet<string>,
  limit: number,
): readonly ControllerRevision[] {
  const unused = history.filter((revision) => !inUse.has(revision.metadata?.name ?? "")).sort((a, b) => a.revision - b.revision);
  return unused.slice(0, Math.max(0, unused.length - limit));
}

/** Deletes revisions; ones that are gone already are fine. */
export async function deleteRevisions(client: Client, revisions: readonly ControllerRevision[]): Promise<void> {
  for (const { metadata } of revisions) {
    const { namespace, name = "", uid } = metadata ?? {};
    try {
      await client.resource(controllerRevisionKind).delete({ namespace, name }, { preconditions: { uid } });
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict")) throw error;
    }
  }
}
