/** A verdict map: what packets match, and where they go on. */
interface VerdictMap {
  /** For example `ipv4_addr . inet_proto . inet_service`. */
  readonly keyType: string;
  /** The text of the key to the text of the verdict. */
  readonly elements: ReadonlyMap<string, string>;
}

/** A set of addresses that the kernel fills itself; its content survives changes of the rules around it. */
export interface DynamicSet {
  readonly timeoutSeconds: number;
}

/** A set whose elements the rules give. */
interface ElementSet {
  /** For example `ipv4_addr . inet_service`. */
  readonly keyType: string;
  readonly elements: ReadonlySet<string>;
}

/** One nftables table as data. Everything in it is text that has been checked or made by us: addresses, numbers and names. */
export interface Ruleset {
  /** The table's name; its family is `ip`. */
  readonly table: string;
  readonly maps: ReadonlyMap<string, VerdictMap>;
  readonly sets: ReadonlyMap<string, DynamicSet>;
  readonly addressSets?: ReadonlyMap<string, ElementSet>;
  /** Rules by chain. A chain that starts with a `type … hook …` line hangs in the kernel's path. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

/** The whole table as `nft -f` reads it: for people, golden files and the first application. */
export function renderRuleset(ruleset: Ruleset): string {
  const lines = [`table ip ${ruleset.table} {`];
  for (const [name, map] of ruleset.maps) {
    lines.push(`  map ${name} {`, `    type ${map.keyType} : verdict`);
    if (map.elements.size > 0)
      lines.push(`    elements = {`, ...Array.from(map.elements, ([key, verdict]) => `      ${key} : ${verdict},`), "    }");
    lines.push("  }");
  }
  for (const [name, set] of ruleset.sets) lines.push(`  set ${name} {`, `    ${setBody(set)}`, "  }");
  for (const [name, { keyType, elements }] of ruleset.addressSets ?? []) {
    lines.push(`  set ${name} {`, `    type ${keyType}`);
    if (elements.size > 0) lines.push(`    elements = {`, ...Array.from(elements, (element) => `      ${element},`), "    }");
    lines.push("  }");
  }
  // Chains that others name come first in the file's order only by declaration, so all are declared before any rule.
  for (const [name, rules] of ruleset.chains) lines.push(`  chain ${name} {`, ...rules.map((rule) => `    ${rule}`), "  }");
  lines.push("}", "");
  return lines.join("\n");
}

/**
 * The commands that turn `previous` into `next` in one transaction, or the empty text when they are equal. Without
 * `previous` the table is made anew, whatever the kernel holds under its name.
 *
 * Guarantees: nothing that did not change is touched, so the cost of applying goes with the change and not with the
 * number of Services, and the content of dynamic sets stays.
 */
export function renderTransaction(previous: Ruleset | undefined, next: Ruleset): string {
  if (previous === undefined) return `add table ip ${next.table}\ndelete table ip ${next.table}\n${renderRuleset(next)}`;
  const table = `ip ${next.table}`;
  const first: string[] = [];
  const elements: string[] = [];
  const last: string[] = [];

  for (const [name, set] of next.sets) if (!previous.sets.has(name)) first.push(`add set ${table} ${name} { ${setBody(set)} }`);
  const setsBefore = previous.addressSets ?? new Map<string, ElementSet>();
  const setsAfter = next.addressSets ?? new Map<string, ElementSet>();
  for (const [name, { keyType }] of setsAfter) if (!setsBefore.has(name)) first.push(`add set ${table} ${name} { type ${keyType}; }`);
  for (const [name, rules] of next.chains) {
    const before = previous.chains.get(name);
    if (before !== undefined && sameLines(before, rules)) continue;
    first.push(before === undefined ? `add chain ${table} ${name}` : `flush chain ${table} ${name}`);
  }
  for (const [name, rules] of next.chains) {
    const before = previous.chains.get(name);
    if (before !== undefined && sameLines(before, rules)) continue;
    elements.push(...rules.filter((rule) => !rule.startsWith("type ")).map((rule) => `add rule ${table} ${name} ${rule}`));
  }
  for (const [name, map] of next.maps) {
    const before = previous.maps.get(name)?.elements ?? new Map<string, string>();
    const gone = [...before].filter(([key, verdict]) => map.elements.get(key) !== verdict).map(([key]) => key);
    const come = [...map.elements].filter(([key, verdict]) => before.get(key) !== verdict).map(([key, verdict]) => `${key} : ${verdict}`);
    if (gone.length > 0) elements.push(`delete element ${table} ${name} { ${gone.join(", ")} }`);
    if (come.length > 0) elements.push(`add element ${table} ${name} { ${come.join(", ")} }`);
  }
  for (const [name, set] of setsAfter) {
    const before = setsBefore.get(name)?.elements ?? new Set<string>();
    const gone = [...before].filter((element) => !set.elements.has(element));
    const come = [...set.elements].filter((element) => !before.has(element));
    if (gone.length > 0) elements.push(`delete element ${table} ${name} { ${gone.join(", ")} }`);
    if (come.length > 0) elements.push(`add element ${table} ${name} { ${come.join(", ")} }`);
  }
  for (const name of previous.chains.keys()) if (!next.chains.has(name)) last.push(`flush chain ${table} ${name}`);
  for (const name of previous.chains.keys()) if (!next.chains.has(name)) last.push(`delete chain ${table} ${name}`);
  for (const name of previous.sets.keys()) if (!next.sets.has(name)) last.push(`delete set ${table} ${name}`);
  for (const name of setsBefore.keys()) if (!setsAfter.has(name)) last.push(`delete set ${table} ${name}`);
  const commands = [...first, ...elements, ...last];
  return commands.length === 0 ? "" : `${commands.join("\n")}\n`;
}

function setBody(set: DynamicSet): string {
  return `type ipv4_addr; flags dynamic,timeout; timeout ${set.timeoutSeconds}s;`;
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
