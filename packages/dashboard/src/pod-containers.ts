import { type ContainerStatus, type KubeObject, type Pod } from "@skiff/api";
import { address } from "./addresses.ts";
import { html, type Html } from "./html.ts";
import { htmlTable } from "./html-table.ts";
import type { PageContext } from "./page-request.ts";
import { containerUsage } from "./resource-usage.ts";

/** The containers of a Pod, init containers first, with what they use and the way to their logs. */
export async function renderContainers(context: PageContext, object: KubeObject): Promise<Html> {
  const pod = object as Pod;
  const { name = "", namespace = "" } = pod.metadata ?? {};
  const { spec, status } = pod;
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const usage = await containerUsage(context, { namespace, name });
  const rows = containers.map((container) => {
    const found = statuses.find((each) => each.name === container.name);
    const logs = address("logs", { resource: "pods", namespace, name, container: container.name });
    return html`<tr>
      <th scope="row">${container.name}</th>
      <td>${container.image ?? ""}</td>
      <td>${stateText(found)}</td>
      <td>${found?.ready === true ? "yes" : "no"}</td>
      <td>${found?.restartCount ?? 0}</td>
      <td>${usage.get(container.name)?.["cpu"] ?? ""}</td>
      <td>${usage.get(container.name)?.["memory"] ?? ""}</td>
      <td>
        <a href="${logs}">Logs<span class="unseen"> of ${container.name}</span></a>
      </td>
    </tr>`;
  });
  return htmlTable({ caption: "Containers", headings: ["Name", "Image", "State", "Ready", "Restarts", "CPU", "Memory", "Logs"], rows });
}

function stateText(status: ContainerStatus | undefined): string {
  const { waiting, running, terminated } = status?.state ?? {};
  if (running !== undefined) return `Running since ${running.startedAt ?? "just now"}`;
  if (terminated !== undefined) return `${terminated.reason ?? "Terminated"} with exit code ${terminated.exitCode}`;
  return [waiting?.reason ?? "Waiting", waiting?.message].filter(Boolean).join(": ");
}
