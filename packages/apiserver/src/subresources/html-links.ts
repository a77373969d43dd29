/** Attributes whose values are addresses (HTML 4, index of attributes), by the element that has them. */
const LINK_ATTRIBUTES =
  /\b(href|src|action|background|cite|classid|codebase|data|formaction|icon|longdesc|manifest|poster|profile|srcset|usemap)(\s*=\s*)("[^"]*"|'[^']*')/gi;

/**
 * Rewrites the links of a page that came through a proxy, so that those to the page's own server lead through the proxy
 * again. Relative links work as they are.
 */
export function rewriteHtmlLinks(html: string, prefix: string, ownAuthority: string): string {
  return html.replace(/<[a-z][^<>]*>/gi, (tag) =>
    tag.replace(LINK_ATTRIBUTES, (_whole, name: string, equals: string, quoted: string) => {
      const quote = quoted[0] ?? '"';
      return `${name}${equals}${quote}${rewriteLink(quoted.slice(1, -1), prefix, ownAuthority)}${quote}`;
    }),
  );
}

/** One link: absolute paths, and addresses of the server itself, get the proxy's path in front. */
export function rewriteLink(link: string, prefix: string, ownAuthority: string): string {
  const own = /^https?:\/\/([^/?#]*)(.*)$/is.exec(link);
  if (own !== null) {
    if (own[1] !== ownAuthority) return link;
    const rest = own[2] ?? "";
    return `${prefix}${rest.startsWith("/") ? rest : `/${rest}`}`;
  }
  if (!link.startsWith("/") || link.startsWith("//") || link === prefix || link.startsWith(`${prefix}/`)) return link;
  return `${prefix}${link}`;
}
