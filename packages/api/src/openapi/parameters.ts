/** One parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly type: "string" | "integer" | "boolean";
  readonly description: string;
}

const QUERY: readonly (readonly [name: string, type: Parameter["type"], description: string])[] = [
  ["pretty", "string", "Whether the answer is indented for people."],
  ["allowWatchBookmarks", "boolean", "Asks a watch for events of type BOOKMARK, which say how far it has come."],
  ["continue", "string", "Where a list goes on: metadata.continue of the part before."],
  ["fieldSelector", "string", "Limits the objects by their fields. Default: all."],
  ["labelSelector", "string", "Limits the objects by their labels. Default: all."],
  ["limit", "integer", "How many objects a list returns at most; metadata.continue then says where it goes on."],
  ["resourceVersion", "string", "How recent the answer must be, or where a watch begins."],
  ["resourceVersionMatch", "string", "How resourceVersion applies to a list: Exact or NotOlderThan."],
  ["sendInitialEvents", "boolean", "Makes a watch begin with the state as events, closed by a bookmark."],
  ["timeoutSeconds", "integer", "How long a list or a watch may take."],
  ["watch", "boolean", "Streams changes as events instead of returning a list."],
  ["dryRun", "string", "Does everything but store the result. The only value is All."],
  ["fieldManager", "string", "The name of who makes the change; at most 128 printable characters. Required for apply requests."],
  ["fieldValidation", "string", "What becomes of unknown and duplicate fields: Ignore, Warn (the default) or Strict."],
  ["force", "boolean", "Makes an apply request take over fields of other managers."],
  ["gracePeriodSeconds", "integer", "Seconds until the object is deleted; zero deletes it at once. Default: that of the object."],
  ["orphanDependents", "boolean", "Deprecated: use propagationPolicy. Whether dependents are left alone."],
  ["propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."],
  ["container", "string", "The container. Default: the only one."],
  ["follow", "boolean", "Keeps the log stream open. Default: false."],
  ["insecureSkipTLSVerifyBackend", "boolean", "Reads the log even if the node's certificate cannot be verified."],
  ["limitBytes", "integer", "How many bytes of the log are returned at most."],
  ["previous", "boolean", "Returns the log of the container's last instance. Default: false."],
  ["sinceSeconds", "integer", "Returns only log lines that are younger."],
  ["stream", "string", "Which stream of the log: All, Stdout or Stderr. Default: All."],
  ["tailLines", "integer", "How many lines from the end of the log are returned."],
  ["timestamps", "boolean", "Puts the time in front of each log line. Default: false."],
  ["command", "string", "The command and its arguments; not run in a shell."],
  ["stdin", "boolean", "Connects standard input. Default: false."],
  ["stdout", "boolean", "Connects standard output."],
  ["stderr", "boolean", "Connects standard error."],
  ["tty", "boolean", "Gives the process a terminal. Default: false."],
  ["ports", "integer", "The ports to forward."],
  ["path", "string", "The path of the proxied request."],
];

/** Every query parameter of the API by its name. */
export const QUERY_PARAMETERS: ReadonlyMap<string, Parameter> = new Map(
  QUERY.map(([name, type, description]) => [name, { name, in: "query", type, description }]),
);

/** The names of the parameters that belong together. */
export const PARAMETER_SETS = {
  write: ["dryRun", "fieldManager", "fieldValidation"],
  patch: ["dryRun", "fieldManager", "fieldValidation", "force"],
  delete: ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"],
  list: (
    "allowWatchBookmarks continue fieldSelector labelSelector limit resourceVersion resourceVersionMatch sendInitialEvents " +
    "timeoutSeconds watch"
  ).split(" "),
  log: "container follow insecureSkipTLSVerifyBackend limitBytes previous sinceSeconds stream tailLines timestamps".split(" "),
  exec: "command container stderr stdin stdout tty".split(" "),
  attach: "container stderr stdin stdout tty".split(" "),
  portforward: ["ports"],
  proxy: ["path"],
} as const;
