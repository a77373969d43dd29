import type { PageReply, PageRequest } from "../page-request.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** Nothing of anybody's cluster is in them, so browsers may keep them for a while. */
const KEPT = "private, max-age=300";

/** The files that every page needs; `undefined` for other requests. */
export function assetReply({ method, page }: PageRequest): PageReply | undefined {
  if (method === "POST") return undefined;
  const headers = (type: string): Record<string, string> => ({ "content-type": `${type}; charset=utf-8`, "cache-control": KEPT });
  if (page === "style.css") return { status: 200, headers: headers("text/css"), body: STYLE };
  return page === "script.js" ? { status: 200, headers: headers("text/javascript"), body: SCRIPT } : undefined;
}
