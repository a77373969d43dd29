import { MAX_NODE_SCORE, type Plugin } from "../framework/plugin.ts";

const MIB = 1024 * 1024;
/** Smaller sums are not worth moving a Pod for. */
const MIN_BYTES = 23 * MIB;
/** Per container; more does not count more. */
const MAX_BYTES_PER_CONTAINER = 1000 * MIB;

/** The image with its tag: `latest` when it has neither tag nor digest. */
function taggedImage(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}

/** Score: nodes that have much of the Pod's images already; images that few nodes have count less, so that one node is not overrun. */
export const imageLocality: Plugin = {
  name: "ImageLocality",
  preScore({ pod }, snapshot) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const spread = new Map<string, number>();
    const images = containers.map(({ image = "" }) => taggedImage(image));
    for (const image of images) {
      const nodes = snapshot.nodesWithImage(image);
      if (nodes > 0) spread.set(image, nodes / snapshot.nodes.length);
    }
    if (spread.size === 0) return "skip";
    const maxBytes = MAX_BYTES_PER_CONTAINER * containers.length;
    return {
      score(node) {
        let bytes = 0;
        for (const image of images) bytes += Math.floor((node.images.get(image) ?? 0) * (spread.get(image) ?? 0));
        const counted = Math.min(Math.max(bytes, MIN_BYTES), maxBytes);
        return Math.floor((MAX_NODE_SCORE * (counted - MIN_BYTES)) / (maxBytes - MIN_BYTES));
      },
    };
  },
};
