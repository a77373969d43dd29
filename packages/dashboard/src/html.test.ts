import { describe, expect, it } from "vitest";
import { html } from "./html.ts";

describe("templates", () => {
  it("escape every text", () => {
    const evil = `<script>alert("1")</script>&'`;
    expect(html`<b title="${evil}">${evil}</b>`.text).toBe(
      `<b title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</b>`,
    );
  });

  it("take HTML of their own as it is, and lists piece by piece", () => {
    expect(
      html`<ul>
        ${["<a>", "b"].map((each) => html`<li>${each}</li>`)}
      </ul>`.text.replaceAll("\n", ""),
    ).toBe("<ul><li>&lt;a&gt;</li><li>b</li></ul>");
  });

  it("leave out what is not there, but not a zero", () => {
    expect(html`[${undefined}${false}${0}${""}]`.text).toBe("[0]");
  });
});
