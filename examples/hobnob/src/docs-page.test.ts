import { describe, expect, it } from "vitest";
import { docsPage } from "./docs-page.ts";

describe("docsPage", () => {
  it("shows every operation, and loads nothing from elsewhere", () => {
    const page = docsPage();
    for (const operation of ["GET</span> /users<", "POST</span> /users<", "PATCH</span> /users/{id}<", "DELETE</span> /users/{id}<"])
      expect(page).toContain(operation);
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});
