export { containerRuntimeContract, CONTRACT_EXECS, CONTRACT_SCRIPTS, type RuntimeContractSubject } from "./cri.contract.ts";
