/** Answers that the front gives itself, in the manner of ingress-nginx: a status and a small page. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TEXTS: Readonly<Record<number, string>> = {
  308: "Permanent Redirect",
  400: "Bad Request",
  404: "Not Found",
  413: "Request Entity Too Large",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

/** The page for a status. */
export function statusPage(status: number): OwnAnswer {
  const title = `${status} ${TEXTS[status] ?? ""}`.trim();
  return {
    status,
    headers: { "content-type": "text/html" },
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>skiff</center>\r\n</body>\r\n</html>\r\n`,
  };
}

/** Sends the client to the same address over TLS. */
export function redirectToTls(host: string, url: string): OwnAnswer {
  return { ...statusPage(308), headers: { "content-type": "text/html", location: `https://${host}${url}` } };
}
