/** The 32-bit FNV-1a hash of the UTF-8 bytes of `text`: small and stable; not for security. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
