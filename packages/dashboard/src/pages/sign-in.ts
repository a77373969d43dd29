import { html, type Html } from "../html.ts";
import type { Page } from "../page-request.ts";

/** Asks for a bearer token. */
export function signInPage(problem?: string): Page {
  const alert: Html | undefined = problem === undefined ? undefined : html`<p class="problem" role="alert">${problem}</p>`;
  return {
    title: "Sign in to the Skiff dashboard",
    ...(problem === undefined ? {} : { status: 401 }),
    content: html`${alert}
      <p>You see and do here what your token allows, no more. For a service account you get one with:</p>
      <pre>kubectl create token NAME --namespace NAMESPACE</pre>
      <form method="post" action="./sign-in">
        <label for="token">Bearer token</label>
        <input id="token" name="token" type="password" autocomplete="off" required autofocus />
        <button>Sign in</button>
      </form>`,
  };
}

/** For those who come without the address that `skiff dashboard` printed. */
export function noLinkPage(): Page {
  return {
    title: "This page is not open to everybody",
    status: 403,
    content: html`<p>
      Open the address that <code>skiff dashboard</code> has printed. It works once; if it was used already, or in another browser, start
      <code>skiff dashboard</code> again.
    </p>`,
  };
}
