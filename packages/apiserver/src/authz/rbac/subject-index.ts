import type { PolicyRule, Subject, RoleRef } from "@skiff/api";
import type { UserInfo } from "../../user.ts";
import { compileRule, type CompiledRule } from "./rule-match.ts";

/** One binding as the index needs it. */
export interface IndexedBinding {
  readonly kind: "ClusterRoleBinding" | "RoleBinding";
  readonly name: string;
  /** Empty for cluster-wide ones. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
  /** `undefined` when the role is not there. */
  readonly rules: readonly PolicyRule[] | undefined;
}

/** What a binding grants to one of its subjects. */
export interface Grant {
  readonly binding: IndexedBinding;
  readonly subject: Subject;
  readonly rules: readonly CompiledRule[];
}

/** The bindings of one scope (the cluster or a namespace), by subject: a decision looks only at those of the user. */
export class SubjectIndex {
  readonly #grants = new Map<string, Grant[]>();

  constructor(bindings: Iterable<IndexedBinding>) {
    const compiled = new Map<readonly PolicyRule[], readonly CompiledRule[]>();
    for (const binding of bindings) {
      let rules: readonly CompiledRule[] = [];
      if (binding.rules !== undefined) {
        rules = compiled.get(binding.rules) ?? binding.rules.map(compileRule);
        compiled.set(binding.rules, rules);
      }
      for (const subject of binding.subjects) this.#add(subjectKey(subject, binding.namespace), { binding, subject, rules });
    }
  }

  /** Every grant to the user or one of the groups. */
  *grantsTo(user: UserInfo): Generator<Grant, void, undefined> {
    yield* this.#grants.get(`u:${user.name}`) ?? [];
    for (const group of user.groups) yield* this.#grants.get(`g:${group}`) ?? [];
  }

  #add(key: string | undefined, grant: Grant): void {
    if (key === undefined) return;
    const list = this.#grants.get(key);
    if (list === undefined) this.#grants.set(key, [grant]);
    else list.push(grant);
  }
}

/** Service accounts are users with a name of a certain form; `undefined` for kinds that do not exist. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  switch (subject.kind) {
    case "User":
      return `u:${subject.name}`;
    case "Group":
      return `g:${subject.name}`;
    case "ServiceAccount": {
      const namespace = subject.namespace || bindingNamespace;
      return namespace === "" ? undefined : `u:system:serviceaccount:${namespace}:${subject.name}`;
    }
    default:
      return undefined;
  }
}
