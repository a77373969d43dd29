// The rules for names and label keys, each as a function that answers what is wrong, in upstream's words.

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const LABEL_1035_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** The longest label of a DNS name. */
export const MAX_LABEL_LENGTH = 63;
/** The longest DNS name. */
export const MAX_SUBDOMAIN_LENGTH = 253;

/** `must be no more than 63 bytes`. */
export function maxLengthText(length: number): string {
  return `must be no more than ${length} bytes`;
}

/** A rule and its pattern, as messages show them; the doubled space before `or` is upstream's. */
export function patternText(rule: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${rule} (regex used for validation is '${pattern}')`;
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return `${rule} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

/** The length in bytes of UTF-8: the unit of all limits. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** The message is made only when it is needed: most names are valid, and every write checks dozens of them. */
function check(text: string, maxLength: number, pattern: RegExp, message: () => string): string[] {
  const problems: string[] = [];
  if (byteLength(text) > maxLength) problems.push(maxLengthText(maxLength));
  if (!pattern.test(text)) problems.push(message());
  return problems;
}

/** An RFC 1123 label: `my-name`. */
export function checkDnsLabel(text: string): string[] {
  // A subdomain that is no label can only have too many dots.
  if (SUBDOMAIN.test(text) && text.includes(".")) {
    const problems = byteLength(text) > MAX_LABEL_LENGTH ? [maxLengthText(MAX_LABEL_LENGTH)] : [];
    return [...problems, "must not contain dots"];
  }
  return check(text, MAX_LABEL_LENGTH, LABEL, () => patternText(LABEL_RULE, "[a-z0-9]([-a-z0-9]*[a-z0-9])?", "my-name", "123-abc"));
}

/** An RFC 1035 label: `my-name`, never starting with a digit. */
export function checkDns1035Label(text: string): string[] {
  return check(text, MAX_LABEL_LENGTH, LABEL_1035, () => patternText(LABEL_1035_RULE, "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"));
}

/** An RFC 1123 subdomain: `example.com`. */
export function checkDnsSubdomain(text: string): string[] {
  const pattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
  return check(text, MAX_SUBDOMAIN_LENGTH, SUBDOMAIN, () => patternText(SUBDOMAIN_RULE, pattern, "example.com"));
}

/** A subdomain that may start with `*.`. */
export function checkWildcardSubdomain(text: string): string[] {
  const rule =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  const pattern = "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
  const matcher = /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
  return check(text, MAX_SUBDOMAIN_LENGTH, matcher, () => patternText(rule, pattern, "*.example.com"));
}

/** A name with an optional DNS prefix, as label and annotation keys have it: `example.com/my-name`. */
export function checkQualifiedName(text: string): string[] {
  const problems: string[] = [];
  const parts = text.split("/");
  const pattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
  const full = (): string => patternText(QUALIFIED_RULE, pattern, "MyName", "my.name", "123-abc");
  if (parts.length > 2) {
    return [`a valid label key ${full()} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? "";
  if (parts.length === 2) {
    const prefix = parts[0] ?? "";
    if (prefix === "") problems.push("prefix part must be non-empty");
    else problems.push(...checkDnsSubdomain(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === "") problems.push("name part must be non-empty");
  else if (byteLength(name) > MAX_LABEL_LENGTH) problems.push(`name part ${maxLengthText(MAX_LABEL_LENGTH)}`);
  if (!QUALIFIED_NAME.test(name)) problems.push(`name part ${full()}`);
  return problems;
}

/** The value of a label. */
export function checkLabelValue(text: string): string[] {
  const pattern = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
  const problems: string[] = [];
  if (byteLength(text) > MAX_LABEL_LENGTH) problems.push(maxLengthText(MAX_LABEL_LENGTH));
  if (!LABEL_VALUE.test(text)) problems.push(patternText(LABEL_VALUE_RULE, pattern, "MyValue", "my_value", "12345"));
  return problems;
}

/** What may be one segment of a URL's path: names of RBAC kinds. */
export function checkPathSegment(text: string): string[] {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((letter) => text.includes(letter)).map((letter) => `may not contain '${letter}'`);
}

/** The name of an environment variable: any printable ASCII but `=` (KEP-4369). */
export function checkEnvVarName(text: string): string[] {
  if (text.length === 0) return ["environment variable name must be non-empty"];
  if (/^[ -<>-~]+$/.test(text)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** A key of a ConfigMap or Secret. */
export function checkConfigMapKey(text: string): string[] {
  const problems: string[] = [];
  if (byteLength(text) > MAX_SUBDOMAIN_LENGTH) problems.push(maxLengthText(MAX_SUBDOMAIN_LENGTH));
  if (!/^[-._a-zA-Z0-9]+$/.test(text)) {
    problems.push(
      patternText(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        "[-._a-zA-Z0-9]+",
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  }
  if (text === ".") problems.push("must not be '.'");
  else if (text === "..") problems.push("must not be '..'");
  else if (text.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

/** The name of a port: at most 15 lower-case letters, digits and single hyphens, with at least one letter (RFC 6335). */
export function checkPortName(text: string): string[] {
  const problems: string[] = [];
  if (byteLength(text) > 15) problems.push(maxLengthText(15));
  if (!/^[-a-z0-9]+$/.test(text)) problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(text)) problems.push("must contain at least one letter (a-z)");
  if (text.includes("--")) problems.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems;
}

/** A port number. */
export function checkPortNumber(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** A path of an HTTP header name. */
export function checkHttpHeaderName(text: string): string[] {
  if (/^[-A-Za-z0-9]+$/.test(text)) return [];
  return [patternText("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")];
}

/** A percentage such as `25%`. */
export function checkPercent(text: string): string[] {
  if (/^[0-9]+%$/.test(text)) return [];
  return [patternText("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];
}
