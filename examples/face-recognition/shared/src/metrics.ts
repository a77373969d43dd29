import { Gauge, type Registry } from "prom-client";

/** A metric whose value is read whenever metrics are asked for. */
export function liveGauge(registry: Registry, name: string, help: string, read: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
