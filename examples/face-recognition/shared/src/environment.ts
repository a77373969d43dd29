/** A setting that is missing or cannot be understood; the message names the variable. */
export class ConfigurationError extends Error {}

/** Reads settings from environment variables. Every reader names the variable in its error. */
export class Environment {
  readonly #variables: Readonly<Record<string, string | undefined>>;

  constructor(variables: Readonly<Record<string, string | undefined>>) {
    this.#variables = variables;
  }

  /** Errors: throws {@link ConfigurationError} when the variable is missing or empty and there is no `standard`. */
  text(name: string, standard?: string): string {
    const value = this.#variables[name];
    if (value !== undefined && value !== "") return value;
    if (standard === undefined) throw new ConfigurationError(`${name} is not set`);
    return standard;
  }

  /** A whole number from `min` (default 0) to `max`. Errors: throws {@link ConfigurationError} for anything else. */
  integer(name: string, standard: number, limits: { readonly min?: number; readonly max?: number } = {}): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
    const value = this.#number(name, standard);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new ConfigurationError(`${name} must be a whole number from ${min} to ${max}, not "${this.#variables[name]}"`);
    }
    return value;
  }

  /** A number above 0. Errors: as {@link integer}. */
  positive(name: string, standard: number): number {
    const value = this.#number(name, standard);
    if (!Number.isFinite(value) || value <= 0) {
      throw new ConfigurationError(`${name} must be a number above 0, not "${this.#variables[name]}"`);
    }
    return value;
  }

  /** A TCP port; 0 lets the system choose one. */
  port(name: string, standard: number): number {
    return this.integer(name, standard, { max: 65_535 });
  }

  #number(name: string, standard: number): number {
    const text = this.#variables[name];
    return text === undefined || text === "" ? standard : Number(text);
  }
}
