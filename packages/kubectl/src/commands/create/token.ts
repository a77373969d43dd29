import type { JsonObject } from "@skiff/api";
import { parseDuration } from "@skiff/base";
import type { Command } from "../../command.ts";
import { OUTPUT_FLAGS } from "../../global-flags.ts";
import { KubectlError } from "../../kubectl-error.ts";
import { text, array } from "./flag-definitions.ts";

/** `kubectl create token`. */
export const token: Command = {
  name: "create token",
  summary: "Request a service account token",
  usage: "SERVICE_ACCOUNT_NAME [options]",
  flags: {
    ...OUTPUT_FLAGS,
    audience: array("Audience of the requested token."),
    duration: { type: "string", default: "0s", help: "Requested lifetime of the issued token." },
    "bound-object-kind": text("Kind of an object to bind the token to."),
    "bound-object-name": text("Name of an object to bind the token to."),
    "bound-object-uid": text("UID of an object to bind the token to."),
  },
  async run(session) {
    const { flags } = session;
    const [name] = flags.args;
    if (name === undefined) throw new KubectlError("service account name must be specified");
    const lifetimeMs = parseDuration(flags.text("duration"));
    const accounts = await (await session.mapper()).byKind("v1", "ServiceAccount");
    const bound = flags.text("bound-object-kind");
    const boundObjectRef =
      bound === ""
        ? undefined
        : {
            kind: bound,
            apiVersion: "v1",
            name: flags.text("bound-object-name"),
            ...(flags.has("bound-object-uid") ? { uid: flags.text("bound-object-uid") } : {}),
          };
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: [...flags.list("audience")],
        ...(lifetimeMs > 0 ? { expirationSeconds: Math.round(lifetimeMs / 1000) } : {}),
        ...(boundObjectRef ? { boundObjectRef } : {}),
      },
    };
    const answer = (await session.request(
      accounts,
      { namespace: await session.namespace(), name, subresource: "token" },
      { method: "POST", body },
    )) as JsonObject & { status?: { token?: string } };
    const { objectPrinter } = await import("../../printers/object-printer.ts");
    const printer = await objectPrinter(session, flags);
    session.io.stdout(printer?.print(answer, "") ?? `${answer.status?.token ?? ""}\n`);
  },
};
