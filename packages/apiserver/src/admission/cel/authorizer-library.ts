import type { Environment } from "@marcbachmann/cel-js";
import type { AuthorizationDecision, Authorizer, RequestAttributes } from "../../attributes.ts";
import { parseServiceAccountUserName, serviceAccountGroups, serviceAccountUserName } from "../../authn/service-account-claims.ts";
import type { UserInfo } from "../../user.ts";

/** The variable `authorizer` of expressions: what the user of the request (or a service account) may do. */
export class CelAuthorizer {
  readonly authorizer: Authorizer;
  readonly user: UserInfo;
  /** The check for the resource that the request itself is about. */
  readonly requestResource: unknown;

  constructor(authorizer: Authorizer, user: UserInfo, requestResource: Partial<RequestAttributes> = {}) {
    this.authorizer = authorizer;
    this.user = user;
    this.requestResource = this.question(requestResource);
  }

  serviceAccount(namespace: string, name: string): CelAuthorizer {
    const user = { name: serviceAccountUserName(namespace, name), groups: [...serviceAccountGroups(namespace), "system:authenticated"] };
    if (parseServiceAccountUserName(user.name) === undefined) throw new Error("invalid service account");
    return new CelAuthorizer(this.authorizer, user);
  }

  question(parts: Partial<RequestAttributes>): CelCheck {
    return new CelCheck(this, {
      user: this.user,
      verb: "",
      group: "",
      version: "*",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
      path: "",
      isResourceRequest: true,
      ...parts,
    });
  }
}

/** A question that is being put together. */
class CelCheck {
  readonly of: CelAuthorizer;
  readonly attributes: RequestAttributes;

  constructor(of: CelAuthorizer, attributes: RequestAttributes) {
    this.of = of;
    this.attributes = attributes;
  }

  with(parts: Partial<RequestAttributes>): CelCheck {
    return new CelCheck(this.of, { ...this.attributes, ...parts });
  }

  decide(verb: string): CelDecision {
    return new CelDecision(this.of.authorizer.authorize({ ...this.attributes, verb }));
  }
}

class CelDecision {
  readonly decision: AuthorizationDecision;

  constructor(decision: AuthorizationDecision) {
    this.decision = decision;
  }
}

/** Kubernetes' authorizer functions: `authorizer.group("").resource("pods").namespace("x").check("create").allowed()`. */
export function addAuthorizerLibrary(environment: Environment): void {
  const [authorizer, check, decision] = [
    "kubernetes.authorization.Authorizer",
    "kubernetes.authorization.ResourceCheck",
    "kubernetes.authorization.Decision",
  ];
  environment
    .registerType(check, { ctor: CelCheck, fields: {} })
    .registerType(decision, { ctor: CelDecision, fields: {} })
    .registerType(authorizer, { ctor: CelAuthorizer, fields: { requestResource: check } })
    .registerFunction(`${authorizer}.serviceAccount(string, string): ${authorizer}`, (of: CelAuthorizer, namespace: string, name: string) =>
      of.serviceAccount(namespace, name),
    )
    .registerFunction(`${authorizer}.path(string): ${check}`, (of: CelAuthorizer, path: string) =>
      of.question({ path, isResourceRequest: false }),
    )
    .registerFunction(`${authorizer}.group(string): ${check}`, (of: CelAuthorizer, group: string) => of.question({ group }))
    .registerFunction(`${check}.resource(string): ${check}`, (of: CelCheck, resource: string) => of.with({ resource }))
    .registerFunction(`${check}.subresource(string): ${check}`, (of: CelCheck, subresource: string) => of.with({ subresource }))
    .registerFunction(`${check}.namespace(string): ${check}`, (of: CelCheck, namespace: string) => of.with({ namespace }))
    .registerFunction(`${check}.name(string): ${check}`, (of: CelCheck, name: string) => of.with({ name }))
    .registerFunction(`${check}.fieldSelector(string): ${check}`, (of: CelCheck, fieldSelector: string) => of.with({ fieldSelector }))
    .registerFunction(`${check}.labelSelector(string): ${check}`, (of: CelCheck, labelSelector: string) => of.with({ labelSelector }))
    .registerFunction(`${check}.check(string): ${decision}`, (of: CelCheck, verb: string) => of.decide(verb))
    .registerFunction(`${decision}.allowed(): bool`, (of: CelDecision) => of.decision.decision === "allow")
    .registerFunction(`${decision}.reason(): string`, (of: CelDecision) => of.decision.reason ?? "")
    .registerFunction(`${decision}.errored(): bool`, () => false)
    .registerFunction(`${decision}.error(): string`, () => "");
}
