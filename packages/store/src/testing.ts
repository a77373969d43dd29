export { storeContract, type StoreContractOptions } from "./store.contract.ts";
export { WatchRecorder } from "./watch-recorder.ts";
