import type { JsonObject } from "@skiff/api";
import { generator } from "./generator.ts";
import { DATA_FLAGS, dataOf } from "./given-data.ts";

/** `kubectl create configmap`. */
export const configMap = generator(
  "configmap",
  "Create a config map from a local file, directory or literal value",
  DATA_FLAGS,
  async (session, name) => {
    const data: JsonObject = {};
    const binaryData: JsonObject = {};
    for (const [key, value] of await dataOf(session)) {
      const decoded = value.toString("utf8");
      if (Buffer.from(decoded).equals(value)) data[key] = decoded;
      else binaryData[key] = value.toString("base64");
    }
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
    };
  },
  ["cm"],
);
