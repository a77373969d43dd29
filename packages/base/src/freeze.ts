/**
 * Freezes a tree of plain objects and arrays, and answers it. Objects that caches share are frozen so that a reader
 * that changes one fails at once instead of corrupting what all others see.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
