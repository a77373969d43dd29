/**
 * The path that rules are compared with: without `.` and `..` elements, however they are written, and without empty ones. A
 * backend may resolve them, so comparing the raw text would let `/public/../admin` past a rule for `/public`.
 */
export function plainPath(path: string): string {
  if (!/\/\/|\.|%2e/i.test(path)) return path;
  const elements: string[] = [];
  const raw = path.replaceAll(/%2e/gi, ".").split("/").slice(1);
  for (const [index, element] of raw.entries()) {
    const isLast = index === raw.length - 1;
    if (element === "..") elements.pop();
    else if (element !== "." && element !== "") elements.push(element);
    // What ends in a folder keeps its slash at the end.
    if (isLast && (element === "" || element === "." || element === "..")) elements.push("");
  }
  return `/${elements.join("/")}`;
}
