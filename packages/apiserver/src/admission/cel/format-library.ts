import { Optional, type Environment } from "@marcbachmann/cel-js";

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

interface Rule {
  readonly pattern: RegExp;
  readonly maxLength: number;
  readonly message: string;
}

/** The formats by name. The texts are short on purpose: they end up in messages to users. */
const RULES: Readonly<Record<string, Rule>> = {
  dns1123Label: {
    pattern: new RegExp(`^${LABEL}$`),
    maxLength: 63,
    message:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  },
  dns1123Subdomain: {
    pattern: new RegExp(`^${LABEL}(\\.${LABEL})*$`),
    maxLength: 253,
    message:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
  dns1035Label: {
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    maxLength: 63,
    message:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  },
  dns1123LabelPrefix: { pattern: new RegExp(`^${LABEL}-?$`), maxLength: 63, message: "a lowercase RFC 1123 label prefix is required" },
  dns1123SubdomainPrefix: {
    pattern: new RegExp(`^${LABEL}(\\.${LABEL})*[-.]?$`),
    maxLength: 253,
    message: "a lowercase RFC 1123 subdomain prefix is required",
  },
  dns1035LabelPrefix: { pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?-?$/, maxLength: 63, message: "a DNS-1035 label prefix is required" },
  qualifiedName: {
    pattern: new RegExp(`^(${LABEL}(\\.${LABEL})*/)?${QUALIFIED}$`),
    maxLength: 317,
    message: "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  },
  labelValue: {
    pattern: new RegExp(`^(${QUALIFIED})?$`),
    maxLength: 63,
    message:
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  },
  uri: { pattern: /^([a-zA-Z][a-zA-Z0-9+.-]*:\/\/|\/)\S*$/, maxLength: 8192, message: "must be a URI" },
  uuid: { pattern: /^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$/, maxLength: 36, message: "does not match the UUID format" },
  byte: { pattern: /^[A-Za-z0-9+/]*={0,2}$/, maxLength: 1024 * 1024, message: "must be base64-encoded" },
  date: { pattern: /^\d{4}-\d{2}-\d{2}$/, maxLength: 10, message: "must be a date" },
  datetime: {
    pattern: /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/,
    maxLength: 64,
    message: "must be an RFC 3339 date and time",
  },
};

class Format {
  readonly rule: Rule;

  constructor(rule: Rule) {
    this.rule = rule;
  }

  validate(text: string): Optional {
    if (text.length > this.rule.maxLength) return Optional.of([`must be no more than ${this.rule.maxLength} characters`]);
    return this.rule.pattern.test(text) ? Optional.none() : Optional.of([this.rule.message]);
  }
}

/** The namespace `format` of functions. */
class Formats {
  readonly name = "format";
}

/** Kubernetes' formats: `!format.dns1123Label().validate(object.metadata.name).hasValue()`. */
export function addFormatLibrary(environment: Environment): void {
  const type = "kubernetes.NamedFormat";
  environment
    .registerType(type, { ctor: Format, fields: {} })
    .registerType("kubernetes.Formats", { ctor: Formats, fields: {} })
    .registerConstant("format", "kubernetes.Formats", new Formats())
    .registerFunction(`${type}.validate(string): optional<list<string>>`, (format: Format, text: string) => format.validate(text))
    .registerFunction(`kubernetes.Formats.named(string): optional<${type}>`, (_formats: Formats, name: string) => {
      const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
      return rule === undefined ? Optional.none() : Optional.of(new Format(rule));
    });
  for (const [name, rule] of Object.entries(RULES)) {
    const format = new Format(rule);
    environment.registerFunction(`kubernetes.Formats.${name}(): ${type}`, () => format);
  }
}
