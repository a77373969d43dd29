export * from "@skiff/api";
export { Client, HttpsTransport, InformerFactory, loadKubeconfig, transportOptions } from "@skiff/client";
