export { CelError, compileCel, type CelProgram, type CelVariables } from "./cel-program.ts";
export { fromCelValue, toCelValue } from "./cel-value.ts";
