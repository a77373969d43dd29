import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { exportedNames, importedModules, importedPackage, importedPath } from "./imports.ts";
import { BESIDE, importProblem, TEST_IMPORTS } from "./layers.ts";
import { REPOSITORY, sourceFiles } from "./source-files.ts";

/** What no code may use outside the adapters, and what to use instead. */
const BANNED: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\(/, instead: "clock.now()" },
  { pattern: /\bnew Date\(\)/, instead: "clock.now()" },
  { pattern: /\bperformance\.now\(/, instead: "clock.monotonic()" },
  { pattern: /(?<![.\w])(setTimeout|setInterval)\((?!callback: )/, instead: "clock.setTimeout()" },
  { pattern: /(?<![.\w])setImmediate\(/, instead: "clock.yield()" },
  { pattern: /\bMath\.random\(/, instead: "the injected Random" },
  { pattern: /\brandomUUID\(|\bgetRandomValues\(|\brandomBytes\(/, instead: "newUid(random) or random.bytes()" },
];

/** Modules that only adapters import. */
const BANNED_MODULES =
  /from "node:(fs|fs\/promises|net|tls|http|https|http2|dgram|dns|dns\/promises|child_process|os|worker_threads|cluster)"/;

/**
 * Files that wrap the machine: the only ones that may touch its time, randomness, sockets, files and processes. By name,
 * so that a reader sees at once what a file is; the composition root, the commands and the examples are adapters as a whole.
 */
const ADAPTER =
  /\/(system-|node-)[a-z0-9-]+\.ts$|\/adapters\/|\/front\/|^examples\/|^packages\/(cluster|cli|bench|e2e|conformance|simulator|steps|skiff|nftables)\/|\/generate\/|\/virtual-clock\.ts$|-transport\.ts$|\/lmdb-[a-z-]+\.ts$|\/etcd-[a-z-]+\.ts$|\/https?-(front|server|listener)[a-z-]*\.ts$|\/grpc-[a-z-]+\.ts$/;

/** Dependencies that no source text imports, and why they are needed. */
const UNIMPORTED_DEPENDENCIES: Readonly<Record<string, string>> = {
  "@kubernetes/client-node": "the schemas are generated from its files",
  lmdb: "the bundle leaves it out, so that the published package must bring it",
};

/** Longer files hold more than one concept, but for those that say here why not. */
const MAX_LINES = 500;
const LONG_FILES: Readonly<Record<string, string>> = {
  "packages/apiserver/src/protobuf/field-numbers.ts": "one table, a line for each message of the API",
  "packages/cri-simulated/src/simulated-runtime.ts": "the runtime port has 25 methods",
};

/** The files by which a package is entered. */
const DOOR = /^packages\/[a-z0-9-]+\/src\/(index|testing)\.ts$/;

/** What users of the published package import, and the vocabulary of all packages: these doors show more than others take. */
const PUBLIC_DOORS: readonly string[] = ["@skiff/base", "@skiff/api", "@skiff/client", "@skiff/cluster/testing"];
/** Other names in doors that nobody imports, and why they are there. */
const UNTAKEN_NAMES: Readonly<Record<string, string>> = {
  "@skiff/controller-kit: TerminalError": "a part of the contract of a reconcile",
};

const files = sourceFiles();

/** Those of packages and examples: `packages/api`, `examples/hobnob`. */
const folders = [...new Set(files.map((file) => file.path.split("/").slice(0, 2).join("/")))];

interface Manifest {
  readonly private?: boolean;
  readonly exports?: object;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(REPOSITORY, folder, "package.json"), "utf8")) as Manifest;
}

function importsOf(text: string): string[] {
  return importedModules(text).flatMap((module) => (/^@skiff\/|^skiff$/.test(module.specifier) ? [module.specifier] : []));
}

describe("layers", () => {
  it("imports point downward only", () => {
    const problems = files.flatMap((file) =>
      importsOf(file.text).flatMap((specifier) => {
        const to = specifier.replace(/^@skiff\//, "").replace(/\/.*$/, "");
        const problem = file.isTest && TEST_IMPORTS.includes(to) ? undefined : importProblem(file.packageName, to);
        return problem === undefined ? [] : [`${file.path}: ${problem}`];
      }),
    );
    expect(problems).toEqual([]);
  });

  it("packages are entered by their door only", () => {
    const problems = files.flatMap((file) =>
      importedModules(file.text)
        .map(({ specifier }) => importedPath(file, specifier))
        .filter((path) => path?.startsWith("packages/") === true && !path.startsWith(`packages/${file.packageName}/`))
        .map((path) => `${file.path}: ${path}`),
    );
    expect(problems).toEqual([]);
  });

  it("only doors are indexes", () => {
    const inner = files.map(({ path }) => path).filter((path) => path.endsWith("/index.ts") && !DOOR.test(path));
    expect(inner).toEqual([]);
  });

  it("every package exports `.` and at most `./testing`", () => {
    for (const name of readdirSync(join(REPOSITORY, "packages"))) {
      const manifest = manifestOf(`packages/${name}`);
      if (manifest.private !== true || BESIDE.includes(name)) continue;
      const doors = Object.keys(manifest.exports ?? {}).filter((door) => door !== "." && door !== "./testing");
      expect(doors, name).toEqual([]);
    }
  });
});

describe("dependencies", () => {
  const tools = Object.keys(manifestOf("").devDependencies ?? {});

  it.each(folders)("%s declares what it imports, and nothing else", (folder) => {
    const { dependencies, devDependencies } = manifestOf(folder);
    const declared = Object.keys({ ...dependencies, ...devDependencies });
    const imports = files
      .filter((file) => file.path.startsWith(`${folder}/`))
      .flatMap(({ text, isTest, path }) =>
        importedModules(text).map((module) => ({ name: importedPackage(module.specifier) ?? "", isTest, path })),
      )
      .filter(({ name }) => name !== "");
    const undeclared = imports.filter(
      ({ name, isTest }) =>
        !declared.includes(name) && !tools.includes(name) && !(isTest && TEST_IMPORTS.includes(name.slice("@skiff/".length))),
    );
    const unused = declared.filter(
      (name) => !name.startsWith("@types/") && !(name in UNIMPORTED_DEPENDENCIES) && !imports.some((module) => module.name === name),
    );
    expect({ undeclared, unused }).toEqual({ undeclared: [], unused: [] });
  });
});

describe("injected time, randomness and I/O", () => {
  const code = files.filter((file) => !file.isTest && !ADAPTER.test(file.path));

  it.each(BANNED)("$instead instead of $pattern", ({ pattern }) => {
    const uses = code.flatMap((file) =>
      file.text
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) && !/^\s*(\*|\/\/)/.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(uses).toEqual([]);
  });

  it("sockets, files and processes only in adapters", () => {
    const uses = code.flatMap((file) =>
      file.text
        .split("\n")
        .flatMap((line, index) =>
          BANNED_MODULES.test(line) && !line.startsWith("import type") && !/^import \{ (isIP(v[46])?(, )?)+ \}/.test(line)
            ? [`${file.path}:${index + 1}: ${line.trim()}`]
            : [],
        ),
    );
    expect(uses).toEqual([]);
  });
});

describe("nothing unused", () => {
  /** Which names of a file others import; `*` where a door passes all of them on. */
  const taken = new Map<string, Set<string>>();
  for (const file of files) {
    for (const { specifier, names } of importedModules(file.text)) {
      const path = importedPath(file, specifier);
      if (path === undefined) continue;
      taken.set(path, new Set([...(taken.get(path) ?? []), ...names]));
    }
  }

  it("every export is imported by another file", () => {
    const unused = files.flatMap((file) => {
      const names = taken.get(file.path) ?? new Set();
      // What stands in a door itself is for other packages.
      if (names.has("*") || DOOR.test(file.path)) return [];
      return exportedNames(file.text).flatMap((name) => (names.has(name) ? [] : [`${file.path}: ${name}`]));
    });
    expect(unused).toEqual([]);
  });

  it("every name in a door is imported by another package", () => {
    const wanted = new Set(
      files.flatMap(({ text }) => importedModules(text).flatMap(({ specifier, names }) => names.map((name) => `${specifier}: ${name}`))),
    );
    const unused = files.flatMap((file) => {
      const door = `@skiff/${file.packageName}${file.path.endsWith("/testing.ts") ? "/testing" : ""}`;
      if (!DOOR.test(file.path) || PUBLIC_DOORS.includes(door) || file.packageName === "skiff") return [];
      return importedModules(file.text)
        .filter(({ isReexport }) => isReexport)
        .flatMap(({ names }) => names.map((name) => `${door}: ${name}`))
        .filter((name) => !wanted.has(name));
    });
    expect(unused).toEqual(Object.keys(UNTAKEN_NAMES));
  });

  it("every source file is imported, tested or named where it is run", () => {
    const manifests = ["", ...folders].map((folder) => readFileSync(join(REPOSITORY, folder, "package.json"), "utf8"));
    const texts = [...manifests, ...files.map((file) => file.text)];
    const unused = files
      .map((file) => file.path)
      .filter((path) => path.includes("/src/") && !taken.has(path) && !DOOR.test(path) && !/\.test\.tsx?$/.test(path))
      .filter((path) => !texts.some((text) => text.includes(path.split("/").at(-1) ?? "")));
    expect(unused).toEqual([]);
  });
});

describe("tidiness", () => {
  it("files are named in kebab-case and for one concept", () => {
    const bad = files
      .map((file) => file.path)
      .filter(
        (path) =>
          !/^[a-z0-9-]+(\.[a-z0-9]+)*\.tsx?$/.test(path.split("/").at(-1) ?? "") || /\/(utils?|helpers?|misc|common)\.ts$/.test(path),
      );
    expect(bad).toEqual([]);
  });

  it("files are short", () => {
    const long = files.filter(({ text, isTest }) => !isTest && text.split("\n").length > MAX_LINES + 1).map(({ path }) => path);
    expect(long.sort()).toEqual(Object.keys(LONG_FILES).sort());
  });

  it("nothing is left to fix later", () => {
    const marks = files
      .filter((file) => !file.path.startsWith("packages/e2e") && /\b(FIXME|XXX|HACK)\b/.test(file.text))
      .map((file) => file.path);
    expect(marks).toEqual([]);
  });

  it("`any` stands in no signature", () => {
    const isCode = (line: string): boolean => !/^\s*(\/?\*|\/\/)/.test(line);
    const uses = files
      .filter((file) => !file.isTest)
      .flatMap((file) =>
        file.text
          .split("\n")
          .flatMap((line, index) =>
            isCode(line) && /(:|<|\bas)\s*any\s*[;,)>\]=|&[]/.test(line.replace(/\/\/.*|"[^"]*"/g, ""))
              ? [`${file.path}:${index + 1}`]
              : [],
          ),
      );
    expect(uses).toEqual([]);
  });

  const documents = [
    "",
    "docs",
    "docs/adr",
    "packages/skiff",
    ...readdirSync(join(REPOSITORY, "examples")).map((name) => `examples/${name}`),
  ].flatMap((folder) => readdirSync(join(REPOSITORY, folder)).flatMap((name) => (name.endsWith(".md") ? [join(folder, name)] : [])));

  it("links in the documents lead to something", () => {
    const broken = documents.flatMap((name) =>
      Array.from(readFileSync(join(REPOSITORY, name), "utf8").matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g), (match) => match[1] ?? "")
        .filter((target) => !existsSync(join(REPOSITORY, dirname(name), target)))
        .map((target) => `${name}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("every decision stands in their index, under a number of its own", () => {
    const records = readdirSync(join(REPOSITORY, "docs/adr")).filter((name) => /^\d{4}-/.test(name));
    const index = readFileSync(join(REPOSITORY, "docs/adr/README.md"), "utf8");
    expect(records.filter((name) => !index.includes(`(${name})`))).toEqual([]);
    expect(new Set(records.map((name) => name.slice(0, 4))).size).toBe(records.length);
  });

  it("files that the documents name are there", () => {
    const missing = documents.flatMap((name) =>
      Array.from(
        readFileSync(join(REPOSITORY, name), "utf8").matchAll(/`((?:packages|examples|scripts|docs)\/[^`\s*…]+)`/g),
        (match) => match[1] ?? "",
      )
        .filter((path) => !existsSync(join(REPOSITORY, path)))
        .map((path) => `${name}: ${path}`),
    );
    expect(missing).toEqual([]);
  });
});
