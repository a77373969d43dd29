/** A document that cannot be read. The message is in the words of upstream's decoder and holds nothing but positions and characters. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}
