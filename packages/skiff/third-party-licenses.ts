import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/**
 * The licences of the packages that a bundle contains, as their terms ask of whoever passes them on: name, version and the
 * texts, one package after the other. Paths of `metafile` are relative to `folder`.
 *
 * Errors: a package without a licence text of its own is refused, so that none gets into the bundle unnoticed.
 */
export function thirdPartyLicenses(metafile: Metafile, folder: string): string {
  const packages = new Set(
    Object.values(metafile.outputs)
      .flatMap((output) => Object.entries(output.inputs))
      .flatMap(([path, { bytesInOutput }]) => (bytesInOutput === 0 ? [] : (packageFolderOf(path) ?? []))),
  );
  return Array.from(packages)
    .sort()
    .map((path) => licenseOf(join(folder, path)))
    .join("\n\n");
}

function packageFolderOf(path: string): string | undefined {
  return /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
}

function licenseOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string; version: string };
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (texts.length === 0) throw new Error(`${name} has no licence text; the bundle must not contain it without one`);
  return [`=== ${name} ${version} ===`, ...texts].join("\n\n");
}
