import type { FlagDefinitions } from "./flags.ts";

/** The flags of every command (`kubectl options`). */
export const GLOBAL_FLAGS: FlagDefinitions = {
  as: { type: "string", help: "Username to impersonate for the operation." },
  "as-group": { type: "array", help: "Group to impersonate for the operation, this flag can be repeated to specify multiple groups." },
  "as-uid": { type: "string", help: "UID to impersonate for the operation." },
  "cache-dir": { type: "string", help: "Default cache directory (not used)", hidden: true },
  "certificate-authority": { type: "string", help: "Path to a cert file for the certificate authority" },
  "client-certificate": { type: "string", help: "Path to a client certificate file for TLS" },
  "client-key": { type: "string", help: "Path to a client key file for TLS" },
  cluster: { type: "string", help: "The name of the kubeconfig cluster to use" },
  context: { type: "string", help: "The name of the kubeconfig context to use" },
  "disable-compression": { type: "bool", help: "Not used: answers are never compressed", hidden: true },
  "insecure-skip-tls-verify": { type: "bool", help: "If true, the server's certificate will not be checked for validity." },
  kubeconfig: { type: "string", help: "Path to the kubeconfig file to use for CLI requests." },
  "match-server-version": { type: "bool", help: "Not used", hidden: true },
  namespace: { short: "n", type: "string", help: "If present, the namespace scope for this CLI request" },
  password: { type: "string", help: "Password for basic authentication to the API server" },
  "request-timeout": {
    type: "string",
    default: "0",
    help: "The length of time to wait before giving up on a single server request. A value of zero means don't timeout requests.",
  },
  server: { short: "s", type: "string", help: "The address and port of the Kubernetes API server" },
  "tls-server-name": { type: "string", help: "Server name to use for server certificate validation." },
  token: { type: "string", help: "Bearer token for authentication to the API server" },
  user: { type: "string", help: "The name of the kubeconfig user to use" },
  username: { type: "string", help: "Username for basic authentication to the API server" },
  v: { short: "v", type: "string", default: "0", help: "number for the log level verbosity" },
  "warnings-as-errors": { type: "bool", help: "Not used: warnings are never errors", hidden: true },
  help: { short: "h", type: "bool", help: "Print the help of the command" },
};

/** `-o` and its companions. */
export const OUTPUT_FLAGS: FlagDefinitions = {
  output: {
    short: "o",
    type: "string",
    help: "Output format. One of: (json, yaml, name, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide).",
  },
  "show-managed-fields": { type: "bool", help: "If true, keep the managedFields when printing objects in JSON or YAML format." },
  template: { type: "string", help: "Template string when -o=jsonpath." },
  "allow-missing-template-keys": {
    type: "bool",
    default: "true",
    help: "If true, ignore any errors in templates when a field is missing.",
  },
};

/** Which manifests to read. */
export const FILE_FLAGS: FlagDefinitions = {
  filename: { short: "f", type: "list", help: "The files, directories or URLs that contain the configuration." },
  kustomize: { short: "k", type: "string", help: "Process the kustomization directory." },
  recursive: { short: "R", type: "bool", help: "Process the directory used in -f, --filename recursively." },
};

/** Dry runs, managers, checks. */
export const WRITE_FLAGS: FlagDefinitions = {
  "dry-run": { type: "optional", bare: "unchanged", default: "none", help: 'Must be "none", "server", or "client".' },
  "field-manager": { type: "string", help: "Name of the manager used to track field ownership." },
  validate: { type: "optional", bare: "strict", default: "strict", help: "Must be one of: strict (or true), warn, ignore (or false)." },
};

/** Selectors. */
export const SELECTOR_FLAGS: FlagDefinitions = {
  selector: { short: "l", type: "string", help: "Selector (label query) to filter on." },
  "field-selector": { type: "string", help: "Selector (field query) to filter on." },
};

/** `-A`. */
export const ALL_NAMESPACES: FlagDefinitions = {
  "all-namespaces": { short: "A", type: "bool", help: "If present, list the requested object(s) across all namespaces." },
};
