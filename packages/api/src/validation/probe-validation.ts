import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type { Container, IntOrString, Lifecycle, LifecycleHandler, Probe } from "../generated/types.ts";
import { invalidEach, nonNegative } from "./field-checks.ts";
import { checkHttpHeaderName, checkPortName, checkPortNumber } from "./names.ts";

/** A port's number or name. */
export function validatePort(port: IntOrString | undefined, field: string): FieldError[] {
  if (typeof port === "string") return invalidEach(field, port, checkPortName(port));
  return invalidEach(field, port ?? 0, checkPortNumber(port ?? 0));
}

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

function validateHttpGet(action: NonNullable<Handler["httpGet"]>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!action.path) errors.push(required(`${field}.path`));
  errors.push(...validatePort(action.port, `${field}.port`));
  const schemes = ["HTTP", "HTTPS"];
  if (!schemes.includes(action.scheme ?? "")) errors.push(notSupported(`${field}.scheme`, action.scheme ?? "", schemes));
  for (const header of action.httpHeaders ?? []) {
    errors.push(...invalidEach(`${field}.httpHeaders`, header.name ?? "", checkHttpHeaderName(header.name ?? "")));
  }
  return errors;
}

function validateSleep(action: NonNullable<Handler["sleep"]>, gracePeriod: number | undefined, field: string): FieldError[] {
  if (gracePeriod === undefined || (action.seconds >= 0 && action.seconds <= gracePeriod)) return [];
  return [invalidValue(field, action.seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)];
}

/** Exactly one way of acting, and that one right. */
function validateHandler(handler: Handler, gracePeriod: number | undefined, field: string): FieldError[] {
  const checks: Record<string, () => FieldError[]> = {};
  if (handler.exec) {
    const { command } = handler.exec;
    checks.exec = () => ((command ?? []).length === 0 ? [required(`${field}.exec.command`)] : []);
  }
  const { httpGet, tcpSocket, grpc, sleep } = handler;
  if (httpGet) checks.httpGet = () => validateHttpGet(httpGet, `${field}.httpGet`);
  if (tcpSocket) checks.tcpSocket = () => validatePort(tcpSocket.port, `${field}.tcpSocket.port`);
  if (grpc) checks.grpc = () => validatePort(grpc.port, `${field}.grpc.port`);
  if (sleep) checks.sleep = () => validateSleep(sleep, gracePeriod, `${field}.sleep`);
  const [first, ...others] = Object.entries(checks);
  if (first === undefined) return [required(field, "must specify a handler type")];
  return [...first[1](), ...others.map(([name]) => forbiddenField(`${field}.${name}`, "may not specify more than 1 handler type"))];
}

function validateProbe(probe: Probe, gracePeriod: number | undefined, field: string): FieldError[] {
  const errors = validateHandler(probe, gracePeriod, field);
  for (const part of ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const) {
    errors.push(...nonNegative(`${field}.${part}`, probe[part]));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    errors.push(invalidValue(`${field}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  return errors;
}

/** The probes and the lifecycle of a container that runs on. */
export function validateProbesAndLifecycle(container: Container, gracePeriod: number | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (container.lifecycle) errors.push(...validateLifecycle(container.lifecycle, gracePeriod, `${field}.lifecycle`));
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name];
    if (!probe) continue;
    const at = `${field}.${name}`;
    errors.push(...validateProbe(probe, gracePeriod, at));
    if (name !== "readinessProbe" && probe.successThreshold !== 1) {
      errors.push(invalidValue(`${at}.successThreshold`, probe.successThreshold ?? 0, "must be 1"));
    }
    if (name === "readinessProbe" && probe.terminationGracePeriodSeconds !== undefined) {
      const detail = "must not be set for readinessProbes";
      errors.push(invalidValue(`${at}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, detail));
    }
  }
  return errors;
}

/** Signals that a container may ask to be stopped with. */
const STOP_SIGNAL = /^SIG[A-Z0-9+-]+$/;

function validateLifecycle(lifecycle: Lifecycle, gracePeriod: number | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (lifecycle.postStart) errors.push(...validateHandler(lifecycle.postStart, gracePeriod, `${field}.postStart`));
  if (lifecycle.preStop) errors.push(...validateHandler(lifecycle.preStop, gracePeriod, `${field}.preStop`));
  if (lifecycle.stopSignal !== undefined && !STOP_SIGNAL.test(lifecycle.stopSignal)) {
    errors.push(invalidValue(`${field}.stopSignal`, lifecycle.stopSignal, "must be the name of a signal"));
  }
  return errors;
}
