import { TAG, children, decodeOne, encode, objectIdentifier, readObjectIdentifier, readText, sequence, utf8String } from "./der.ts";

/** The parts of a distinguished name that Kubernetes reads: the user and the groups. */
export interface DistinguishedName {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";

/** The DER form: all organizations first (as upstream's tools write it), then the common name. */
export function encodeName(name: DistinguishedName): Uint8Array {
  const attribute = (oid: string, value: string): Uint8Array => sequence(objectIdentifier(oid), utf8String(value));
  const sets = name.organizations.map((organization) => encode(TAG.set, attribute(ORGANIZATION, organization)));
  if (name.commonName !== "") sets.push(encode(TAG.set, attribute(COMMON_NAME, name.commonName)));
  return sequence(...sets);
}

/** Reads a name. Of several common names the last counts, as in Go's `pkix.Name`. Errors: `DerError`. */
export function decodeName(der: Uint8Array): DistinguishedName {
  let commonName = "";
  const organizations: string[] = [];
  for (const set of children(decodeOne(der))) {
    for (const attribute of children(set, TAG.set)) {
      const [type, value] = children(attribute);
      const oid = readObjectIdentifier(type);
      if (oid === COMMON_NAME) commonName = readText(value);
      if (oid === ORGANIZATION) organizations.push(readText(value));
    }
  }
  return { commonName, organizations };
}
