import type { World } from "./world.ts";

/**
 * Programs of the documents that are not Kubernetes, played with Skiff: what `minikube` says and does is done by the
 * `skiff` command and kubectl, so that the document's commands can be typed as they stand.
 */
export async function addMinikube({ workspace }: World, cluster: string, up: string): Promise<void> {
  await workspace.addProgram(
    "minikube",
    `#!/bin/bash
# minikube's commands, done by skiff.
set -euo pipefail
case "$1" in
  start)
    echo "Starting local Kubernetes cluster..."
    skiff ${up}
    kubectl config set-context minikube --cluster=skiff-${cluster} --user=skiff-${cluster} >/dev/null
    kubectl config use-context minikube >/dev/null
    echo "Kubectl is now configured to use the cluster."
    ;;
  status)
    status=$(skiff status --name ${cluster} -o json)
    state() { if jq -e "$1" <<<"$status" >/dev/null; then echo Running; else echo Stopped; fi; }
    server=$(kubectl config view -o jsonpath='{.clusters[?(@.name=="skiff-${cluster}")].cluster.server}')
    echo "minikube: $(state .running)"
    echo "cluster: $(state '.nodes | length > 0 and all(.ready)')"
    if [ "$server" = "$(jq -r .api <<<"$status")" ]; then
      echo "kubectl: Correctly Configured: pointing to minikube-vm at $(sed 's#https://##; s#:.*##' <<<"$server")"
    else
      echo "kubectl: Misconfigured: pointing to stale minikube-vm."
      echo "To fix the kubectl context, run minikube update-context"
    fi
    ;;
  update-context)
    skiff up --name ${cluster} --kubeconfig "$KUBECONFIG" >/dev/null
    kubectl config set-context minikube --cluster=skiff-${cluster} --user=skiff-${cluster} >/dev/null
    kubectl config use-context minikube >/dev/null
    echo "Reconfigured kubeconfig IP, now pointing at $(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}' | sed 's#https://##; s#:.*##')"
    ;;
  service)
    node=$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}')
    kubectl get services --all-namespaces -o json | jq -r --arg node "$node" '.items[] | [.metadata.namespace, .metadata.name,
      (([.spec.ports[]? | select(.nodePort) | "http://\\($node):\\(.nodePort)"] | join(" ")) as $urls | if $urls == "" then "No node port" else $urls end)] | @tsv' |
      awk -F'\\t' '{ rows[NR] = $0; for (i = 1; i <= 3; i++) if (length($i) > w[i]) w[i] = length($i) }
        END { w[1] = w[1] < 9 ? 9 : w[1]; line = "|"; for (i = 1; i <= 3; i++) { s = ""; for (j = 0; j < w[i] + 2; j++) s = s "-"; line = line s "|" }
          print line; printf "| %-*s | %-*s | %-*s |\\n", w[1], "NAMESPACE", w[2], "NAME", w[3], "URL"; print line
          for (r = 1; r <= NR; r++) { split(rows[r], c, "\\t"); printf "| %-*s | %-*s | %-*s |\\n", w[1], c[1], w[2], c[2], w[3], c[3] } print line }'
    ;;
  dashboard) exec skiff dashboard --name ${cluster} ;;
  ssh) exec bash ;;
  stop) skiff down --name ${cluster} ;;
  delete) skiff delete --name ${cluster} --kubeconfig "$KUBECONFIG" ;;
  *) echo "minikube $1: nothing of Skiff does that" >&2; exit 1 ;;
esac
`,
  );
}
