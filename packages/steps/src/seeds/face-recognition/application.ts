import { join } from "node:path";
import { must, type Outcome } from "../../outcome.ts";
import type { Replacement, StepCheck } from "../../seed-plan.ts";
import type { World } from "../../world.ts";

const PASSWORD = "ubersecurepassword";

/** The document's secrets, as it has them computed. */
export const SECRETS: Readonly<Record<string, string>> = {
  mysql_password: "dWJlcnNlY3VyZXBhc3N3b3Jk",
  mysql_userpassword: "cm9vdDp1YmVyc2VjdXJlcGFzc3dvcmQ=",
};

/** Columns of the application that the document's tables do not have; a Job of the example adds them. */
export const MIGRATION = `apiVersion: batch/v1
kind: Job
metadata: {name: migration}
spec:
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: migration
        image: skarlso/kube-migration:latest
        env:
        - {name: MYSQL_CONNECTION, value: mysql.default.svc.cluster.local}
        - {name: MYSQL_USERPASSWORD, valueFrom: {secretKeyRef: {name: kube-face-secret, key: mysql_userpassword}}}
        - {name: MYSQL_PORT, value: "3306"}
        - {name: MYSQL_DBNAME, value: kube}
`;

/** What a statement on the application's database prints, without headings. */
export async function sql(world: World, statement: string): Promise<string> {
  return (await world.ok(`kubectl exec deployment/mysql -- mysql -uroot -p${PASSWORD} kube -N -e "${statement}"`)).trim();
}

/** Posts a picture and answers what the receiver said. */
export async function post(world: World, body: object, route = "image"): Promise<string> {
  return world.ok(`curl -sS -d '${JSON.stringify(body)}' http://${await world.nodePort("receiver-service")}/${route}/post`);
}

/** Waits until the row of an image is `person` or, if undefined, no longer pending. */
export async function outcomeOf(world: World, id: string, withinMs = 60_000): Promise<{ status: string; person: string }> {
  return world.eventually(
    `image ${id} is processed`,
    async () => {
      const row = await sql(
        world,
        `SELECT status, COALESCE((SELECT name FROM person WHERE id = images.person), '') FROM images WHERE id = ${id}`,
      );
      const [status = "", person = ""] = row.split("\t");
      return status === "1" || status === "2" ? { status, person } : undefined;
    },
    withinMs,
  );
}

/** The id in the receiver's answer. */
export const idIn = (answer: string): string => /saved with id: (\d+)/.exec(answer)?.[1] ?? "";

/** A client in a terminal, into which later steps type. */
export function clientTerminal(step: string, greeting: RegExp): StepCheck {
  return {
    withinMs: 90_000,
    async perform(world, { text }) {
      const command = text.replace("yourpasswordhere", PASSWORD);
      const terminal = world.workspace.startInTerminal(command);
      world.running.set(step, terminal);
      await world.eventually(
        "the client's prompt",
        () => {
          if (greeting.test(terminal.stdout)) return Promise.resolve(true);
          // As kubectl says: what was printed before it was attached is not seen.
          if (/press/.test(terminal.stdout + terminal.stderr)) terminal.type("\n");
          return Promise.resolve(false);
        },
        90_000,
      );
      return { code: 0, stdout: terminal.stdout, stderr: terminal.stderr };
    },
    verify: ({ stdout }) => must(greeting.test(stdout), stdout),
  };
}

/** Types a line into the terminal of an earlier step and gives what it answers. */
export async function typed(world: World, inside: string, line: string): Promise<Outcome> {
  const terminal = world.running.get(inside);
  must(terminal !== undefined, `the terminal of ${inside} is not open`);
  const before = terminal.stdout.length;
  terminal.type(`${line}\n`);
  await world.eventually(
    `an answer to ${line}`,
    async () => Promise.resolve(/\n(.*\n)*.*(rows? in set|Bye)/.test(terminal.stdout.slice(before)) || undefined),
    30_000,
  );
  return { code: 0, stdout: terminal.stdout.slice(before), stderr: "" };
}

/** Runs a command that follows a log until it has shown something. */
export async function followed(world: World, command: string, until: RegExp): Promise<Outcome> {
  const running = world.workspace.start(command);
  try {
    await world.eventually(`${command} shows ${String(until)}`, async () => Promise.resolve(until.test(running.stdout) || undefined));
  } finally {
    await running.stop();
  }
  return { code: 0, stdout: running.stdout, stderr: running.stderr };
}

/** What of the author's machine has another place here. */
export const REPLACEMENTS: readonly Replacement[] = [
  { pattern: /\/Users\/hannibal\/Temp\/known_people/g, value: ({ workspace }) => join(workspace.directory, "people/known") },
  { pattern: /\/Users\/hannibal\/Temp\//g, value: ({ workspace }) => join(workspace.directory, "people/unknown/") },
  { pattern: /\/Users\/hannibal\/\S+\/database_setup\.sql/g, value: ({ workspace }) => join(workspace.directory, "database_setup.sql") },
  { pattern: /192\.168\.99\.100:30251|127\.0\.0\.1:8000/g, value: (world) => world.nodePort("receiver-service") },
];

/** The pictures of the known and the unknown people, where the manifests mount them from. */
export async function prepareFaces(world: World): Promise<void> {
  const { writeSamples } = await import("../../../../../examples/face-recognition/samples.ts");
  const people = world.workspace.path("people");
  await writeSamples(join(people, "known"), join(people, "unknown"));
  // The document's pictures that show Hannibal. Containers read them as a user of their own.
  await world.ok(
    `cp ${people}/unknown/unknown0001.jpg ${people}/unknown/unknown219.jpg; cp ${people}/unknown/unknown0004.jpg ${people}/unknown/unknown220.jpg`,
  );
  await world.ok(`chmod 755 '${world.workspace.directory}'; chmod -R a+rX ${people}`);
}

/** Asks the server whether it would take a manifest that is not applied at this point of the document. */
export async function dryRun(world: World, text: string): Promise<Outcome> {
  await world.workspace.write("asked.yaml", `${text}\n`);
  return world.workspace.run("kubectl apply --dry-run=server -f asked.yaml");
}
