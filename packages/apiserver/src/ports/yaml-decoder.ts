import { DecodeError, decodeJsonAsYaml, decodeYaml, type Decoded } from "@skiff/api";

/** Reads large YAML documents without holding up everybody else. */
export interface YamlDecoder {
  /** Errors: `DecodeError` for what is not a document, `TooManyRequests` when too many wait already. */
  decode(bytes: Uint8Array): Promise<Decoded>;
}

/**
 * Larger documents go to the {@link YamlDecoder}, in bytes. YAML takes about 2 µs a byte to read, JSON a hundredth of it: this
 * much costs the event loop some 30 ms.
 */
const INLINE_BYTES = 16 * 1024;

/**
 * Reads a YAML document here when that is quick, else through `decoder`; without one always here. JSON, which most clients
 * send as YAML, is quick at any size. Errors: those of {@link YamlDecoder}.
 */
export async function decodeYamlBody(bytes: Uint8Array, decoder: YamlDecoder | undefined): Promise<Decoded> {
  if (decoder === undefined || bytes.length <= INLINE_BYTES) return decodeYaml(bytes);
  if (bytes[0] === "{".charCodeAt(0)) {
    try {
      return decodeJsonAsYaml(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return decoder.decode(bytes);
}
