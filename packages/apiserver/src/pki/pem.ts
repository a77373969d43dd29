import { DerError } from "./der.ts";

/** Blocks beyond this number in one PEM text are refused. */
const MAX_BLOCKS = 100;

/** One block of a PEM text (RFC 7468). */
interface PemBlock {
  /** For example `CERTIFICATE`. */
  readonly label: string;
  readonly der: Uint8Array;
}

/** DER bytes as PEM, lines of 64 letters, with a line end behind the last. */
export function toPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/**
 * Every block of a PEM text, in order; text around blocks is ignored.
 *
 * Errors: throws {@link DerError} when there are more than 100 blocks.
 */
function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----/g)) {
    if (blocks.length >= MAX_BLOCKS) throw new DerError(`more than ${MAX_BLOCKS} PEM blocks`);
    blocks.push({ label: match[1] ?? "", der: new Uint8Array(Buffer.from(match[2] ?? "", "base64")) });
  }
  return blocks;
}

/** The bytes of the first block with that label. Errors: throws {@link DerError} when there is none. */
export function derOfPem(text: string, ...labels: readonly string[]): Uint8Array {
  const block = parsePem(text).find((candidate) => labels.includes(candidate.label));
  if (block === undefined) throw new DerError(`no PEM block of type ${labels.join(" or ")}`);
  return block.der;
}
