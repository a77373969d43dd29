export { INGRESS_CLASS, INGRESS_CONTROLLER, isServed } from "./ingress-class.ts";
export { IngressRouter, type IngressRouterOptions } from "./ingress-router.ts";
export { createIngressStatusController, INGRESS_SERVICE, type IngressStatusContext } from "./ingress-status.ts";
export { IngressFront, type IngressFrontOptions } from "./node-ingress-front.ts";
export { renderTable, type IngressState } from "./render-table.ts";
export type { Backend, Certificate, Endpoint, Route, RoutingTable, VirtualHost } from "./routing-table.ts";
