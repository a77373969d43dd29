export { INGRESS_CLASS, INGRESS_CONTROLLER } from "./ingress-class.ts";
export { IngressRouter } from "./ingress-router.ts";
export { createIngressStatusController, INGRESS_SERVICE } from "./ingress-status.ts";
export { IngressFront } from "./node-ingress-front.ts";
