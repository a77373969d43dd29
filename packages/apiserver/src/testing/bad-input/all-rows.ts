import { ACCESS_ROWS } from "./rows-access.ts";
import type { Row } from "./bad-input.ts";
import { BODY_ROWS } from "./rows-bodies.ts";
import { OBJECT_ROWS } from "./rows-objects.ts";
import { OPTION_ROWS } from "./rows-options.ts";
import { PATCH_ROWS } from "./rows-patches.ts";
import { WIRE_ROWS } from "./rows-wire.ts";

/** Every row of the table of bad inputs that the API must survive, by number. */
export const ALL_ROWS: readonly Row[] = [...BODY_ROWS, ...WIRE_ROWS, ...OPTION_ROWS, ...PATCH_ROWS, ...OBJECT_ROWS, ...ACCESS_ROWS].sort(
  (a, b) => a.row - b.row,
);
