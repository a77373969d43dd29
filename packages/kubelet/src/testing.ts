export {
  CONTRACT_EXECS,
  CONTRACT_SCRIPTS,
  containerRuntimeContract,
  type RuntimeContractCase,
  type RuntimeContractSubject,
} from "./cri.contract.ts";
