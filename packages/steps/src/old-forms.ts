/**
 * Forms of kubectl's commands that the documents use and that today's kubectl no longer has. Skiff's own client accepts
 * them when it is told to be a kubectl of that time.
 */
interface OldForm {
  /** The first word after `kubectl`. */
  readonly command: string;
  /** Arguments that tell the old form from today's, as patterns of `case` in sh; none means: every use. */
  readonly unless: readonly string[];
  readonly reason: string;
}

const OLD_FORMS: readonly OldForm[] = [
  { command: "run", unless: ["--restart", "--restart=*"], reason: "run made a Deployment until kubectl 1.18" },
  { command: "rolling-update", unless: [], reason: "rolling-update was removed in kubectl 1.18" },
];

/** The version whose forms the documents use. */
const OLD_VERSION = "1.10";

/**
 * The text of a `kubectl` for the PATH of the replay: it hands old forms to Skiff's own client and all else to the real
 * kubectl. Each use of an old form is noted in the file `notes`.
 */
export function kubectlWrapper(paths: { readonly kubectl: string; readonly skiff: readonly string[]; readonly notes: string }): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const cases = OLD_FORMS.map(({ command, unless, reason }) => {
    const exceptions = unless.length === 0 ? "" : `for word; do case "$word" in ${unless.join("|")}) old= ;; esac; done; `;
    return `  ${command}) old=${quoted(reason)}; ${exceptions};;`;
  });
  return `#!/bin/sh
old=
case "$1" in
${cases.join("\n").replaceAll("; ;;", " ;;")}
esac
if [ -n "$old" ]; then
  echo "$old" >>${quoted(paths.notes)}
  SKIFF_KUBECTL_VERSION=${OLD_VERSION} exec ${paths.skiff.map(quoted).join(" ")} kubectl "$@"
fi
exec ${quoted(paths.kubectl)} "$@"
`;
}
