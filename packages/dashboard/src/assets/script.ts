/**
 * What pages do beyond plain HTML: parts marked `data-live` are fetched anew when the cluster changes, and logs are followed.
 * Runs in the browser.
 */
export const SCRIPT = `"use strict";
(() => {
  const main = document.querySelector("main");
  const changes = main?.dataset.changes;

  // What somebody has marked or typed stays as it is.
  const isInUse = (part) => {
    const selection = document.getSelection();
    if (selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode)) return true;
    return [...part.querySelectorAll("input:not([type=hidden])")].some(
      (each) => each.value !== each.defaultValue || each === document.activeElement,
    );
  };
  const replace = (part, fresh) => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const links = (within) => [...within.querySelectorAll("a, button, [tabindex], summary")];
    const index = focused === null ? -1 : links(part).indexOf(focused);
    const open = [...part.querySelectorAll("details")].map((each) => each.open);
    const scrolled = [...part.querySelectorAll(".wide, pre")].map((each) => [each.scrollLeft, each.scrollTop]);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll("details").forEach((each, i) => (each.open = open[i] ?? false));
    part.querySelectorAll(".wide, pre").forEach((each, i) => each.scrollTo(...(scrolled[i] ?? [0, 0])));
    const href = focused?.getAttribute("href");
    const again = links(part).find((each) => href !== null && href !== undefined && each.getAttribute("href") === href) ?? links(part)[index];
    again?.focus({ preventScroll: true });
  };
  let isFetching = false;
  let isWanted = false;
  const refresh = async () => {
    isWanted = isFetching;
    if (isFetching) return;
    isFetching = true;
    try {
      const answer = await fetch(location.href);
      if (answer.redirected || answer.status === 403) return location.reload();
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const fresh = page.querySelector('[data-live="' + part.dataset.live + '"]');
        if (fresh !== null && fresh.innerHTML !== part.innerHTML && !isInUse(part)) replace(part, fresh);
      }
    } catch {
      // The server is away; the next change tries again.
    } finally {
      isFetching = false;
      if (isWanted) refresh();
    }
  };
  if (changes !== undefined) {
    let source;
    const watch = () => {
      source = new EventSource(changes);
      let isFirst = true;
      source.addEventListener("open", () => {
        if (!isFirst) refresh();
        isFirst = false;
        document.documentElement.dataset.watching = "yes";
      });
      source.addEventListener("change", refresh);
    };
    // Browsers give a server few connections: a page that nobody sees needs none.
    document.addEventListener("visibilitychange", () => {
      source?.close();
      source = undefined;
      if (document.visibilityState !== "visible") return;
      refresh();
      watch();
    });
    addEventListener("pagehide", () => source?.close());
    if (document.visibilityState === "visible") watch();
  }

  const MAX_LOG = 2_000_000;
  const follow = document.querySelector("[data-follow]");
  const log = follow === null ? null : document.getElementById(follow.dataset.follow);
  let following = null;
  const read = async (signal) => {
    const answer = await fetch(follow.href, { signal });
    if (!answer.ok) return;
    log.textContent = "";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const isAtEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 20;
      log.append(part.value);
      if (log.textContent.length > MAX_LOG) log.textContent = log.textContent.slice(-MAX_LOG / 2);
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    }
  };
  follow?.setAttribute("role", "button");
  follow?.addEventListener("click", async (event) => {
    event.preventDefault();
    if (following !== null) return following.abort();
    following = new AbortController();
    follow.textContent = "Stop following";
    try {
      await read(following.signal);
    } catch {
      // Ended by the reader, or the server went away.
    }
    following = null;
    follow.textContent = "Follow";
  });
})();
`;
