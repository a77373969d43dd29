import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadPackageDefinition, type ServiceClientConstructor, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** What recognition says of a picture; names of the enum `Outcome`. */
type FaceOutcome = "MATCHED" | "UNKNOWN_PERSON" | "NO_FACE" | "SEVERAL_FACES";

/** `facerecog.IdentifyRequest`. */
export interface IdentifyRequest {
  readonly imagePath: string;
}

/** `facerecog.IdentifyResponse`. */
export interface IdentifyResponse {
  readonly imageName: string;
  readonly outcome: FaceOutcome;
  readonly distance: number;
}

/** Why a picture is refused: the value of the trailer {@link REASON}. */
export type RefusalReason = "MISSING_IMAGE" | "BROKEN_IMAGE" | "BAD_PATH";

/** The trailer that tells refusals apart. */
export const REASON = "reason";

const OPTIONS = { enums: String, defaults: true, longs: Number };

/** Beside the bundle in an image, beside the sources elsewhere. */
function protoFile(name: string): string {
  const bundled = fileURLToPath(new URL(`./proto/${name}`, import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL(`../proto/${name}`, import.meta.url));
}

const root = loadPackageDefinition(loadSync([protoFile("facerecog.proto"), protoFile("health.proto")], OPTIONS)) as unknown as {
  readonly facerecog: { readonly Identify: ServiceClientConstructor; readonly HealthCheck: ServiceClientConstructor };
  readonly grpc: { readonly health: { readonly v1: { readonly Health: ServiceClientConstructor } } };
};

/** The clients of the three services. */
export const Identify = root.facerecog.Identify;
export const Health = root.grpc.health.v1.Health;

/** The definitions of the three services, for a server. */
export const SERVICES: Readonly<Record<"identify" | "healthCheck" | "health", ServiceDefinition>> = {
  identify: root.facerecog.Identify.service,
  healthCheck: root.facerecog.HealthCheck.service,
  health: root.grpc.health.v1.Health.service,
};
