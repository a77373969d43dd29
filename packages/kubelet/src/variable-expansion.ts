/**
 * Replaces `$(NAME)` by the value of a variable. `$$` stands for one `$`, so that `$$(NAME)` is kept as `$(NAME)`; what is
 * not known stays as it is.
 */
export function expandVariables(text: string, valueOf: (name: string) => string | undefined): string {
  let answer = "";
  let position = 0;
  for (;;) {
    const dollar = text.indexOf("$", position);
    if (dollar < 0 || dollar + 1 >= text.length) return answer + text.slice(position);
    answer += text.slice(position, dollar);
    const next = text[dollar + 1];
    const close = next === "(" ? text.indexOf(")", dollar + 2) : -1;
    if (next === "$") {
      answer += "$";
      position = dollar + 2;
    } else if (close >= 0) {
      const name = text.slice(dollar + 2, close);
      answer += valueOf(name) ?? `$(${name})`;
      position = close + 1;
    } else {
      answer += "$";
      position = dollar + 1;
    }
  }
}
