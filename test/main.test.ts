import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { providers } from "../src/providers/registry.ts";
import { type Sandbox, startSandbox } from "../src/sandbox/sandbox.ts";
import { type ServiceProcess, servingLine, startConfigured, startProcess } from "./support/service-process.ts";

const folder = mkdtempSync(join(tmpdir(), "batch-task-"));

let sandbox: Sandbox;
let running: ServiceProcess | undefined;

beforeAll(async () => {
  sandbox = await startSandbox();
});

afterEach(async () => {
  running?.process.kill("SIGKILL");
  await running?.exitCode;
  running = undefined;
  await sandbox.reset();
});

afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

function configFile(document: unknown): string {
  const path = join(folder, "batch-task.yaml");
  writeFileSync(path, typeof document === "string" ? document : stringify(document));
  return path;
}

function start(args: readonly string[], environment: Record<string, string> = {}): ServiceProcess {
  running = startProcess(args, environment);
  return running;
}

describe("the service without a configuration", () => {
  it("prints a query that returns a task of every provider, and ends cleanly when told to", async () => {
    const service = start([]);
    const [, endpoint = "", body = ""] = await service.prints(
      /curl -s (\S+) -H 'content-type: application\/json' -d '(.*)'\n/,
    );

    const response = await fetch(endpoint, { method: "POST", headers: { "content-type": "application/json" }, body });
    const { data } = (await response.json()) as {
      data: { batchTasks: { lookups: { task: { __typename: string } }[] } };
    };
    service.process.kill("SIGTERM");

    expect(data.batchTasks.lookups.map(({ task }) => task.__typename).toSorted()).toEqual(
      [...providers.values()].map(({ typename }) => typename).toSorted(),
    );
    expect(service.stdout()).toContain("GraphiQL   open http://127.0.0.1:");
    expect(await service.exitCode).toBe(0);
    expect(service.stderr()).toBe("");
  });
});

describe("the service with a configuration", () => {
  it("serves it, warns of an open door, and logs JSON lines", async () => {
    const service = start(["--config", configFile({ accounts: sandbox.accounts() })]);
    const [, url] = await service.prints(servingLine);

    const ready = await fetch(`${url}/readyz`);
    const page = await fetch(`${url}/graphql`, { headers: { accept: "text/html" } });

    expect(ready.status).toBe(200);
    expect(page.status).not.toBe(200);
    const lines = service
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { level: number; msg: string });
    expect(lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual([
      expect.stringContaining("no router secret is configured"),
    ]);
  });

  it("takes the file's name from the environment", async () => {
    const service = start([], { BATCH_TASK_CONFIG: configFile({ accounts: sandbox.accounts() }) });

    await expect(service.prints(servingLine)).resolves.toBeDefined();
  });

  it("tells all that is wrong with it at once, and exits with 78", async () => {
    const path = configFile(`
server: { port: 70000, grafiql: true }
accounts:
  sim: { provider: eiotclub, baseUrl: "https://oapi.eiotclub.com", appKey: k, secrt: planted-secret-value }
  ops: { provider: bk-soups }
`);

    const service = start(["--config", path], { PORT: "" });

    expect(await service.exitCode).toBe(78);
    expect(service.stderr()).toContain('server.grafiql: unknown key; did you mean "graphiql"?');
    expect(service.stderr()).toContain("server.port: ");
    expect(service.stderr()).toContain('accounts.sim.secrt: unknown key; did you mean "secret"?');
    expect(service.stderr()).toContain("accounts.sim.secret: ");
    expect(service.stderr()).toContain("accounts.ops.provider: must be one of");
    expect(service.stderr()).not.toContain("planted-secret-value");
    expect(service.stdout()).toBe("");
  });

  it("that cannot be read exits with 78", async () => {
    const service = start(["--config", join(folder, "absent.yaml")]);

    expect(await service.exitCode).toBe(78);
    expect(service.stderr()).toContain("cannot be read");
  });

  it("exits with 1 when its port is taken", async () => {
    const { port } = new URL(sandbox.controlUrl);

    const service = start(["--config", configFile({ accounts: sandbox.accounts() })], { PORT: port });

    expect(await service.exitCode).toBe(1);
    expect(service.stderr()).toContain("EADDRINUSE");
    expect(service.stderr()).not.toContain("    at ");
  });

  it("without a configuration, too, though its sandbox is up already", async () => {
    const { port } = new URL(sandbox.controlUrl);

    const service = start([], { PORT: port });

    expect(await service.exitCode).toBe(1);
  });

  it("names a flag that it does not know, without a stack", async () => {
    const service = start(["--confg", "x"]);

    expect(await service.exitCode).toBe(1);
    expect(service.stderr()).toContain("--confg");
    expect(service.stderr()).not.toContain("    at ");
  });
});

describe("a drain", () => {
  it("does not wait for a connection that was opened and never used", async () => {
    const service = await startConfigured({ server: { shutdownGraceMs: 20_000 }, accounts: sandbox.accounts() });
    onTestFinished(() => service.end());
    const { hostname, port } = new URL(service.url);
    const unused = connect(Number(port), hostname);
    await once(unused, "connect");
    const startedAt = performance.now();

    service.process.kill("SIGTERM");

    expect(await service.exitCode).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    unused.destroy();
  });
});

describe("validate", () => {
  it("says that a good configuration has no problems, without asking anybody", async () => {
    const service = start(["--validate", "--config", configFile({ accounts: sandbox.accounts() })]);

    expect(await service.exitCode).toBe(0);
    expect(service.stdout()).toContain("no problems");
    expect(sandbox.upstreamNames.flatMap((name) => sandbox.upstream(name).calls)).toEqual([]);
  });

  it("with --live shows which account's credentials are refused", async () => {
    const accounts = { ...sandbox.accounts(), sim: { ...sandbox.accounts().sim, secret: "not-the-right-one" } };

    const service = start(["--validate", "--live", "--config", configFile({ accounts })]);

    expect(await service.exitCode).toBe(78);
    expect(service.stdout()).toContain("sim: AUTH_FAILED 401: eIoTClub refused the account's credentials.");
    for (const name of Object.keys(accounts).filter((account) => account !== "sim")) {
      expect(service.stdout()).toContain(`${name}: credentials accepted\n`);
    }
  });
});
