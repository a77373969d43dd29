import type { Command } from "../command.ts";
import { FILE_FLAGS } from "../global-flags.ts";
import { KubectlError, SilentExit } from "../kubectl-error.ts";
import { containerFor, podForWords } from "../pod-of-object.ts";
import type { Session } from "../session.ts";
import { runRemote, type RemoteStreams } from "../streams/remote-command.ts";
import type { Pod } from "@skiff/api";

/** The streams of this process; a terminal only where there is one. */
export function localStreams(session: Session, stdin: boolean, tty: boolean, quiet = false): RemoteStreams {
  const { io } = session;
  const isTerminal = tty && (!stdin || io.terminal.stdinIsTerminal);
  if (tty && !isTerminal && !quiet) session.warn("Unable to use a TTY - input is not a terminal or the right kind of file");
  return { stdin: stdin ? io.stdin : undefined, stdout: io.stdout, stderr: io.stderr, tty: isTerminal };
}

const STREAM_FLAGS: Command["flags"] = {
  container: { short: "c", type: "string", help: "Container name." },
  stdin: { short: "i", type: "bool", help: "Pass stdin to the container" },
  tty: { short: "t", type: "bool", help: "Stdin is a TTY" },
  quiet: { short: "q", type: "bool", help: "Only print output from the remote session" },
  "pod-running-timeout": { type: "string", default: "1m0s", help: "Not used", hidden: true },
};

/** `kubectl exec`. */
export const execCommand: Command = {
  name: "exec",
  summary: "Execute a command in a container",
  usage: "(POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]",
  flags: { ...FILE_FLAGS, ...STREAM_FLAGS },
  async run(session) {
    const { flags } = session;
    const command = flags.afterDash;
    if (command === undefined) {
      if (flags.args.length > 1)
        throw new KubectlError(
          "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples",
        );
      throw new KubectlError(
        flags.args.length === 0
          ? "pod, type/name or --filename must be specified"
          : "you must specify at least one command for the container",
      );
    }
    if (flags.args.length !== 1) throw new KubectlError("pod, type/name or --filename must be specified");
    if (command.length === 0) throw new KubectlError("you must specify at least one command for the container");
    const { pod } = await podForWords(session, flags.args, "exec");
    const { phase } = pod.status ?? {};
    const { name = "", namespace = "" } = pod.metadata ?? {};
    if (phase === "Succeeded" || phase === "Failed")
      throw new KubectlError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
    const container = containerFor(session, pod, flags.text("container"), flags.bool("quiet"));
    const streams = localStreams(session, flags.bool("stdin"), flags.bool("tty"), flags.bool("quiet"));
    const pods = await (await session.mapper()).byKind("v1", "Pod");
    const code = await runRemote(session, { pods, namespace, pod: name, container, subresource: "exec", command }, streams);
    if (code === 0) return;
    session.warn(`command terminated with exit code ${code}`);
    throw new SilentExit(code);
  },
};

/** Attaches to a container of a Pod; answers the exit code of its process. */
export async function attachTo(session: Session, pod: Pod, container: string, streams: RemoteStreams): Promise<number> {
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const { name = "", namespace = "" } = pod.metadata ?? {};
  return runRemote(session, { pods, namespace, pod: name, container, subresource: "attach" }, streams);
}

/** `kubectl attach`. */
export const attachCommand: Command = {
  name: "attach",
  summary: "Attach to a running container",
  usage: "(POD | TYPE/NAME) -c CONTAINER [options]",
  flags: STREAM_FLAGS,
  async run(session) {
    const { flags } = session;
    if (flags.args.length === 0)
      throw new KubectlError("at least 1 argument is required for attach\nSee 'kubectl attach -h' for help and examples");
    const { pod } = await podForWords(session, flags.args, "attach");
    const { phase } = pod.status ?? {};
    if (phase === "Succeeded" || phase === "Failed")
      throw new KubectlError(`cannot attach a container in a completed pod; current phase is ${phase}`);
    const container = containerFor(session, pod, flags.text("container"), flags.bool("quiet"));
    const isTerminal = pod.spec?.containers.find(({ name }) => name === container)?.tty ?? false;
    if (flags.bool("tty") && !isTerminal) session.warn(`error: Unable to use a TTY - container ${container} did not allocate one`);
    if (!flags.bool("quiet") && flags.bool("stdin")) session.warn("If you don't see a command prompt, try pressing enter.");
    await attachTo(session, pod, container, localStreams(session, flags.bool("stdin"), flags.bool("tty") && isTerminal));
  },
};
