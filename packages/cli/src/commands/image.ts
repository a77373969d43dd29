import { existsSync } from "node:fs";
import { clusterImages, UserError } from "@skiff/cluster";
import type { Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import { parseClusterName } from "../option-parsers.ts";
import { ProgressLines } from "../terminal.ts";

interface ImageFlags {
  readonly name: string;
}

/** `skiff image load|pull|ls|rm`. */
export function addImage(program: Command, context: CommandContext): void {
  const image = program.command("image").description("the container images that the nodes of a cluster have");
  const named = (command: Command): Command => command.option("--name <name>", "the cluster", parseClusterName, "skiff");

  named(image.command("load").argument("<file...>", "OCI archives, or archives made by docker save"))
    .description("load images from archives into every node")
    .addHelpText("after", "\nExamples:\n  docker save my-app:1 -o my-app.tar && skiff image load my-app.tar")
    .action(async (files: string[], { name }: ImageFlags) => {
      const missing = files.find((file) => !existsSync(file));
      if (missing !== undefined) throw new UserError(`There is no file ${missing}.`, "Make one with: docker save IMAGE -o FILE");
      await onNodes(context, name, `Loading ${files.join(", ")}`, async (images, progress) => {
        for (const file of files) for (const reference of await images.load(file)) progress.detail(reference);
        return files;
      });
      context.terminal.out(`Loaded ${files.join(", ")}.\n`);
    });

  named(image.command("pull").argument("<reference>", "for example nginx:1.27"))
    .description("pull an image from its registry, or a mirror of it, into every node")
    .action(async (reference: string, { name }: ImageFlags) => {
      await onNodes(context, name, `Pulling ${reference}`, (images) => images.pull(reference));
      context.terminal.out(`Pulled ${reference}.\n`);
    });

  named(image.command("ls"))
    .description("list the images, as the first node has them")
    .action(async ({ name }: ImageFlags) => {
      const [images = []] = await onNodes(context, name, undefined, (node) => node.list());
      const rows = images.flatMap((entry) =>
        entry.repoTags.map((tag) => [tag, entry.id.replace("sha256:", "").slice(0, 12), `${(entry.sizeBytes / 1e6).toFixed(1)} MB`]),
      );
      const width = Math.max(5, ...rows.map(([tag = ""]) => tag.length));
      context.terminal.out(
        [["IMAGE", "ID", "SIZE"], ...rows.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1))]
          .map(([tag = "", id = "", size = ""]) => `${tag.padEnd(width)}  ${id.padEnd(12)}  ${size}\n`)
          .join(""),
      );
    });

  named(image.command("rm").argument("<reference>", "a name, or an id as sha256:…"))
    .description("remove an image from every node")
    .action(async (reference: string, { name }: ImageFlags) => {
      const removed = await onNodes(context, name, `Removing ${reference}`, (images) => images.remove(reference));
      if (!removed.includes(true)) throw new UserError(`No node has an image ${reference}.`, "See what there is with: skiff image ls");
      context.terminal.out(`Removed ${reference}.\n`);
    });
}

type Images = Awaited<ReturnType<typeof clusterImages>>[number]["images"];

/** Does the same on every node of the cluster, and closes the connections afterwards. */
async function onNodes<T>(
  context: CommandContext,
  name: string,
  title: string | undefined,
  work: (images: Images, progress: ProgressLines) => Promise<T>,
): Promise<T[]> {
  const progress = new ProgressLines(context.terminal, context.host.clock, title === undefined);
  if (title !== undefined) progress.phase(title);
  const { config, paths } = clusterManager(context).open(name);
  const nodes = await clusterImages(context.host, config, paths);
  try {
    const results = await Promise.all(nodes.map((node) => work(node.images, progress)));
    progress.end();
    return results;
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}
