import { summarizePod, type ContainerStatus, type KubeObject, type Pod } from "@skiff/api";
import { address } from "./addresses.ts";
import { html, type Html } from "./html.ts";

/** The containers of a Pod, init containers first, with the way to their logs. */
export function renderContainers(object: KubeObject): Html {
  const pod = object as Pod;
  const { name = "", namespace = "" } = pod.metadata ?? {};
  const { spec, status } = pod;
  const statuses = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
  const summary = summarizePod(pod);
  const lines = containers.map((container) => {
    const found = statuses.find((each) => each.name === container.name);
    const logs = address("logs", { resource: "pods", namespace, name, container: container.name });
    return html`<tr>
      <th scope="row">${container.name}</th>
      <td>${container.image ?? ""}</td>
      <td>${stateText(found)}</td>
      <td>${found?.ready === true ? "yes" : "no"}</td>
      <td>${found?.restartCount ?? 0}</td>
      <td>
        <a href="${logs}">Logs<span class="unseen"> of ${container.name}</span></a>
      </td>
    </tr>`;
  });
  return html`<p>Status: <b>${summary.status}</b></p>
    <div class="wide" role="region" aria-label="Containers" tabindex="0">
      <table>
        <caption>
          Containers
        </caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Image</th>
            <th scope="col">State</th>
            <th scope="col">Ready</th>
            <th scope="col">Restarts</th>
            <th scope="col">Logs</th>
          </tr>
        </thead>
        <tbody>
          ${lines}
        </tbody>
      </table>
    </div>`;
}

function stateText(status: ContainerStatus | undefined): string {
  const { waiting, running, terminated } = status?.state ?? {};
  if (running !== undefined) return `Running since ${running.startedAt ?? "just now"}`;
  if (terminated !== undefined) return `${terminated.reason ?? "Terminated"} with exit code ${terminated.exitCode}`;
  return [waiting?.reason ?? "Waiting", waiting?.message].filter(Boolean).join(": ");
}
