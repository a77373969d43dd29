export { type ControllerOptions, controllerUser, startControllers } from "./all-controllers.ts";
export { signDetached, verifyDetached } from "./bootstrap-token/detached-jws.ts";
export { CLUSTER_INFO, KUBECONFIG_KEY, signatureKey } from "./bootstrap-token/plan.ts";
export type { ApprovalRule } from "./certificates/certificate-signing.ts";
