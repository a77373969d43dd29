import { randomInteger, type Random } from "@skiff/base";
import type { NodeInfo } from "../state/node-info.ts";
import type { PodInfo } from "../state/pod-info.ts";
import type { Snapshot } from "../state/cluster-state.ts";
import { fitMessage, NO_NODES_MESSAGE, type Diagnosis } from "./fit-message.ts";
import type { Framework } from "./framework.ts";
import type { NodeFilter, Nomination } from "./plugin.ts";
import { Rejection } from "./rejection.ts";

/** Fewer feasible nodes than this are never enough: the search goes on to the end. */
const MIN_FEASIBLE_NODES = 100;
/** The share of a very large cluster that is searched. */
const MIN_PERCENTAGE = 5;

/** What was decided about a Pod. */
export type Decision =
  | {
      readonly type: "scheduled";
      readonly nodeName: string;
      readonly feasibleNodes: number;
      /** How far {@link Snapshot.startIndex} moves on. */
      readonly evaluatedNodes: number;
    }
  | {
      readonly type: "unschedulable";
      /** The message of the event and the condition. */
      readonly message: string;
      /** The names of the plug-ins that refused the Pod; empty when there are no nodes. */
      readonly rejectedBy: ReadonlySet<string>;
      /** Where PostFilter can make room. */
      readonly nomination: Nomination | undefined;
      /** An earlier nomination of the Pod still holds; otherwise it is to be cleared unless there is a new one. */
      readonly keepsNomination: boolean;
      readonly evaluatedNodes: number;
    };

/** How many feasible nodes are enough: all of a small cluster, a falling share (50 % to 5 %) of a large one. */
export function feasibleNodesWanted(nodeCount: number): number {
  if (nodeCount < MIN_FEASIBLE_NODES) return nodeCount;
  const percentage = Math.max(50 - Math.floor(nodeCount / 125), MIN_PERCENTAGE);
  return Math.max(Math.floor((nodeCount * percentage) / 100), MIN_FEASIBLE_NODES);
}

/**
 * Decides where a Pod goes, from the snapshot alone: PreFilter, Filter, PostFilter, PreScore and Score of the profile.
 * Pure: the same snapshot and the same random numbers give the same decision. Random numbers choose between nodes of
 * equal score and where a search for victims starts.
 */
export function schedulePod(pod: PodInfo, snapshot: Snapshot, framework: Framework, random: Random): Decision {
  if (snapshot.nodes.length === 0) {
    const message = NO_NODES_MESSAGE;
    return { type: "unschedulable", message, rejectedBy: new Set(), nomination: undefined, keepsNomination: false, evaluatedNodes: 0 };
  }
  const attempt = new Attempt(pod, snapshot, framework, random);
  const feasible = attempt.findFeasible();
  if (feasible.length === 0) return attempt.fail();
  const nodeName = feasible.length === 1 ? feasible[0]!.name : attempt.best(feasible).name;
  return { type: "scheduled", nodeName, feasibleNodes: feasible.length, evaluatedNodes: attempt.evaluatedNodes };
}

class Attempt {
  readonly pod: PodInfo;
  readonly snapshot: Snapshot;
  readonly random: Random;
  readonly rejections = new Map<string, Rejection>();
  absent: Rejection | undefined;
  evaluatedNodes = 0;
  readonly #framework: Framework;
  readonly #filters: NodeFilter[] = [];
  #preFilterMessage: string | undefined;
  #nodeNames: ReadonlySet<string> | undefined;

  constructor(pod: PodInfo, snapshot: Snapshot, framework: Framework, random: Random) {
    this.pod = pod;
    this.snapshot = snapshot;
    this.random = random;
    this.#framework = framework;
  }

  findFeasible(): readonly NodeInfo[] {
    const refusal = this.#preFilter();
    if (refusal !== undefined) {
      this.absent = refusal;
      this.#preFilterMessage = refusal.message;
      return [];
    }
    const nominated = this.snapshot.node(this.snapshot.nominated.nodeOf(this.pod.uid) ?? this.pod.pod.status?.nominatedNodeName ?? "");
    if (nominated !== undefined && (this.#nodeNames?.has(nominated.name) ?? true)) {
      if (this.#filterWithNominated(nominated) === undefined) return [nominated];
    }
    return this.#nodeNames === undefined ? this.#search(this.snapshot.nodes, this.snapshot.startIndex) : this.#searchNamed(this.#nodeNames);
  }

  best(nodes: readonly NodeInfo[]): NodeInfo {
    const totals = new Float64Array(nodes.length);
    const scores = new Float64Array(nodes.length);
    for (const plugin of this.#framework.preScore) {
      const scorer = plugin.preScore(this.pod, this.snapshot, nodes);
      if (scorer === "skip") continue;
      for (let index = 0; index < nodes.length; index++) scores[index] = scorer.score(nodes[index]!);
      scorer.normalizeScores?.(scores);
      const weight = plugin.weight ?? 1;
      for (let index = 0; index < nodes.length; index++) totals[index]! += weight * scores[index]!;
    }
    // One random number a Pod, whatever the number of equals: numbers fit for keys are dear.
    let best = -1;
    let equals = 0;
    for (let index = 0; index < totals.length; index++) {
      if (totals[index]! > best) {
        best = totals[index]!;
        equals = 1;
      } else if (totals[index] === best) equals++;
    }
    let chosen = equals === 1 ? 0 : randomInteger(this.random, equals);
    for (let index = 0; ; index++) if (totals[index] === best && chosen-- === 0) return nodes[index]!;
  }

  fail(): Decision {
    const messages: string[] = [];
    let nomination: Nomination | undefined;
    let keepsNomination = false;
    for (const plugin of this.#framework.postFilter) {
      const result = plugin.postFilter(this);
      nomination = result.nomination;
      keepsNomination ||= result.keepsNomination ?? false;
      if (nomination !== undefined) break;
      if (result.message) messages.push(result.message);
    }
    const rejectedBy = new Set(Array.from(this.rejections.values(), ({ plugin }) => plugin));
    if (this.absent !== undefined) rejectedBy.add(this.absent.plugin);
    const diagnosis: Diagnosis = {
      nodeCount: this.snapshot.nodes.length,
      rejections: this.rejections,
      absent: this.absent,
      preFilterMessage: this.#preFilterMessage,
      postFilterMessage: nomination === undefined ? messages.join(", ") : undefined,
    };
    const message = fitMessage(diagnosis);
    return { type: "unschedulable", message, rejectedBy, nomination, keepsNomination, evaluatedNodes: this.evaluatedNodes };
  }

  fits(node: NodeInfo): Rejection | undefined {
    return this.#filterWithNominated(node);
  }

  addPod(pod: PodInfo, node: NodeInfo): void {
    node.addPod(pod);
    for (const filter of this.#filters) filter.addPod?.(pod, node);
  }

  removePod(pod: PodInfo, node: NodeInfo): void {
    node.removePod(pod);
    for (const filter of this.#filters) filter.removePod?.(pod, node);
  }

  /** Upstream's words for nodes that no plug-in's list of nodes has. */
  #preFilter(): Rejection | undefined {
    const choosers: string[] = [];
    for (const plugin of this.#framework.preFilter) {
      const result = plugin.preFilter(this.pod, this.snapshot);
      if (result === "skip") continue;
      if (result instanceof Rejection) return result;
      this.#filters.push(result.filter);
      const { nodeNames } = result;
      if (nodeNames === undefined) continue;
      choosers.push(plugin.name);
      const before = this.#nodeNames;
      this.#nodeNames = before === undefined ? nodeNames : new Set([...before].filter((name) => nodeNames.has(name)));
      const names = choosers.sort().join(" ");
      this.absent = new Rejection(plugin.name, [`node(s) didn't satisfy plugin(s) [${names}]`], false);
      if (this.#nodeNames.size > 0) continue;
      const message = choosers.length === 1 ? `plugin ${names}` : `plugin(s) [${names}] simultaneously`;
      return new Rejection(plugin.name, [`node(s) didn't satisfy ${message}`], false);
    }
    return undefined;
  }

  #searchNamed(names: ReadonlySet<string>): readonly NodeInfo[] {
    const named: NodeInfo[] = [];
    for (const name of names) {
      const node = this.snapshot.node(name);
      if (node !== undefined) named.push(node);
    }
    const feasible = this.#search(named, 0);
    this.evaluatedNodes = 0;
    return feasible;
  }

  #search(nodes: readonly NodeInfo[], start: number): readonly NodeInfo[] {
    const wanted = feasibleNodesWanted(nodes.length);
    const feasible: NodeInfo[] = [];
    let index = start % Math.max(1, nodes.length);
    for (let evaluated = 0; evaluated < nodes.length && feasible.length < wanted; evaluated++) {
      const node = nodes[index]!;
      if (++index === nodes.length) index = 0;
      this.evaluatedNodes++;
      const rejection = this.#filterWithNominated(node);
      if (rejection === undefined) feasible.push(node);
      else this.rejections.set(node.name, rejection);
    }
    return feasible;
  }

  /**
   * Room that was made for other Pods of at least the same priority must not be taken, but a Pod must not count on them
   * either (they could satisfy its affinity and then not come), so the node must fit with and without them.
   */
  #filterWithNominated(node: NodeInfo): Rejection | undefined {
    const nominated = this.snapshot.nominated.on(node.name);
    if (nominated.size > 0) {
      const coming = Array.from(nominated.values()).filter(
        (other) => other.uid !== this.pod.uid && other.priority >= this.pod.priority && !node.pods.has(other.uid),
      );
      if (coming.length > 0) {
        for (const other of coming) this.addPod(other, node);
        const rejection = this.#filter(node);
        for (const other of coming) this.removePod(other, node);
        if (rejection !== undefined) return rejection;
      }
    }
    return this.#filter(node);
  }

  #filter(node: NodeInfo): Rejection | undefined {
    for (const filter of this.#filters) {
      const rejection = filter.filter(node);
      if (rejection !== undefined) return rejection;
    }
    return undefined;
  }
}
