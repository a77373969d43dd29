export { type Admitted, admit, stored } from "./kind-testing.ts";
