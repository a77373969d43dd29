import { describe, expect, it } from "vitest";
import { readTables } from "./kubectl-table.ts";

describe("readTables", () => {
  it("reads cells by where their headings begin, empty ones and headings with blanks included", () => {
    const text = [
      "NAME   CAPACITY   ACCESS MODES   STATUS      CLAIM   STORAGECLASS   AGE",
      "pv-1   5Gi        RWO            Available           slow           8s",
    ].join("\n");
    expect(readTables(text)).toEqual([
      {
        headings: ["NAME", "CAPACITY", "ACCESS MODES", "STATUS", "CLAIM", "STORAGECLASS", "AGE"],
        rows: [{ NAME: "pv-1", CAPACITY: "5Gi", "ACCESS MODES": "RWO", STATUS: "Available", CLAIM: "", STORAGECLASS: "slow", AGE: "8s" }],
      },
    ]);
  });

  it("reads the blocks of `get all` one by one", () => {
    const text = "NAME    READY\npod/a   1/1\n\nNAME        TYPE\nservice/b   ClusterIP\n";
    expect(readTables(text).map(({ headings }) => headings)).toEqual([
      ["NAME", "READY"],
      ["NAME", "TYPE"],
    ]);
  });

  it("finds no table where there is none", () => {
    expect(readTables("No resources found in default namespace.\n").flatMap(({ rows }) => rows)).toEqual([]);
  });
});
