import { Quantity, tryParseQuantity } from "../quantity.ts";

/**
 * Puts the amounts of a list of resources into the form that the API prints, in place, rounded up to thousandths as
 * upstream does. What is no quantity is left for validation to refuse.
 */
export function setResourceListDefaults(amounts: Record<string, string> | undefined): void {
  if (amounts === undefined || amounts === null) return;
  for (const [name, text] of Object.entries(amounts)) {
    const quantity = tryParseQuantity(text);
    if (quantity === undefined) continue;
    const rounded = quantity.nano % 1_000_000n === 0n ? quantity : Quantity.ofMilli(quantity.milliValue(), quantity.format);
    amounts[name] = rounded.toString();
  }
}

/** The limits and requests of a container, a Pod or a claim, in place. */
export function setResourceDefaults(resources: { limits?: Record<string, string>; requests?: Record<string, string> } | undefined): void {
  setResourceListDefaults(resources?.limits);
  setResourceListDefaults(resources?.requests);
}
