import { mutatingWebhookConfigurationKind, type MutatingWebhookConfiguration } from "@skiff/api";
import { expect, it } from "vitest";
import { startTestApiServer } from "../../testing.ts";

const configuration = (expression: string): MutatingWebhookConfiguration => ({
  metadata: { name: "hooks" },
  webhooks: [
    {
      name: "check.example.com",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      clientConfig: { url: "https://example.com/check" },
      matchConditions: [{ name: "condition", expression }],
    },
  ],
});

it("refuses conditions that do not compile, with the place", async () => {
  const api = await startTestApiServer();
  const hooks = api.client().resource(mutatingWebhookConfigurationKind);
  await expect(hooks.create(configuration("... [] bad expression"))).rejects.toThrow(
    /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: "\.\.\. \[\] bad expression": compilation failed/,
  );
  await expect(hooks.create(configuration("1 + 1"))).rejects.toThrow(/must evaluate to bool/);
  expect((await hooks.create(configuration("object.metadata.name != 'skip-me'"))).metadata?.name).toBe("hooks");
  await api.stop();
});
