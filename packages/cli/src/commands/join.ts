import type { TokenParts } from "@skiff/api";
import type { RegistryMirror } from "@skiff/cluster";
import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import {
  parseAuthorityHash,
  parseClusterName,
  parseEndpoint,
  parseIpv4,
  parseRegistryMirror,
  parseToken,
  parseWait,
} from "../option-parsers.ts";

interface JoinFlags {
  readonly token: TokenParts;
  readonly discoveryTokenCaCertHash?: readonly string[];
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly name: string;
  readonly dataDir?: string;
  readonly install?: boolean;
  readonly registryMirror?: readonly RegistryMirror[];
  readonly wait: number;
}

/** `skiff join`. */
export function addJoin(program: Command, context: CommandContext): void {
  program
    .command("join")
    .description("make this machine a node of another machine's cluster")
    .argument("<host:port>", "the API server of the cluster", parseEndpoint)
    .requiredOption("--token <token>", "made by skiff token create", parseToken)
    .option(
      "--discovery-token-ca-cert-hash <hash>",
      "the cluster's authority must have this public key: sha256:HEX; repeatable (default: the token vouches for it)",
      parseAuthorityHash,
    )
    .option("--node-name <name>", "the name of the node (default: the host name)")
    .option("--node-ip <address>", "the address of this machine for the others (default: that from which it reaches the API)", parseIpv4)
    .option("--name <name>", "the name of the cluster on this machine, for down, up, delete, status, logs", parseClusterName, "skiff")
    .option("--data-dir <directory>", "where this machine keeps what belongs to the cluster")
    .option("--install", "install missing packages of the operating system")
    .option("--registry-mirror <mirror>", "take images of a registry from elsewhere: REGISTRY=URL; repeatable", parseRegistryMirror)
    .option("--wait <duration>", "how long to wait until the node is ready", parseWait, 180_000)
    .addHelpText(
      "after",
      `
Examples:
  skiff token create --print-join-command      on the machine of the cluster: prints the command for the others
  skiff join 192.168.1.10:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:…
  skiff down                                   stop the node; skiff up starts it again
  skiff delete                                 leave the cluster and remove everything from this machine`,
    )
    .action(async (endpoint: { readonly host: string; readonly port: number }, flags: JoinFlags) => {
      const { terminal } = context;
      const { config } = await clusterManager(context).join(
        {
          name: flags.name,
          endpoint,
          token: flags.token,
          authorityHashes: flags.discoveryTokenCaCertHash ?? [],
          nodeName: flags.nodeName,
          address: flags.nodeIp,
          dataDir: flags.dataDir,
          install: flags.install ?? false,
          registryMirrors: flags.registryMirror,
          waitMs: flags.wait,
        },
        // On standard output, as kubeadm has it: scripts look for these lines.
        (step, text) => terminal.out(`[${step}] ${text}\n`),
      );
      const named = config.name === "skiff" ? "" : ` --name ${config.name}`;
      terminal.out(
        `
Node join complete: ${config.nodes.join(" ")}
* Certificate signing request sent to the API server and response received.
* Kubelet informed of new secure connection details.

Next, on the machine of the cluster: kubectl get nodes   (to undo, here: skiff delete${named})
`,
      );
    });
}
