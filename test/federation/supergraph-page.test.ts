import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { postQuery } from "./supergraph-world.ts";

const main = join(import.meta.dirname, "../supergraph/main.ts");

const chromiumPath = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

interface RunningSupergraph {
  readonly child: ChildProcess;
  readonly welcome: string;
  readonly endpoint: string;
  readonly complaints: Promise<string>;
}

/** As its user starts it: a process of its own. */
async function startSupergraph(): Promise<RunningSupergraph> {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH ?? "", PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const complaints = text(child.stderr);
  let welcome = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    welcome += String(chunk);
    if (welcome.endsWith("\n\n")) break;
  }
  const endpoint = /GraphiQL\s+open (\S+) in/.exec(welcome)?.[1] ?? "";
  return { child, welcome, endpoint, complaints };
}

describe("the local supergraph", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "prints a query that both subgraphs answer, lets nobody else in to the tasks, and ends cleanly on %s",
    async (signal) => {
      const { child, welcome, endpoint, complaints } = await startSupergraph();
      onTestFinished(() => void child.kill("SIGKILL"));
      const body = /curl -s \S+ -H 'content-type: application\/json' -d '(.*)'\n/.exec(welcome)?.[1] ?? "{}";
      const tasksUrl = /tasks\s+(http:\S+)/.exec(welcome)?.[1] ?? "";

      const { data, errors } = await postQuery(endpoint, JSON.parse(body).query);
      const refused = await postQuery(tasksUrl, "{ __typename }");
      child.kill(signal);
      const [code] = await once(child, "close");

      expect(errors).toBeUndefined();
      expect(data.importRecords).toHaveLength(3);
      expect(data.importRecords[0].task).toMatchObject({
        id: expect.stringContaining(":"),
        status: expect.stringMatching(/^[A-Z_]+$/),
      });
      expect(data.batchTasks.lookups).toHaveLength(5);
      expect(data.batchTasks.lookups[0].task.importRecord).toMatchObject({ title: "Import 1" });
      expect(refused.errors?.[0]?.extensions?.code).toBe("UNAUTHENTICATED");
      expect(code).toBe(0);
      expect(await complaints).toBe("");
    },
  );
});

/** The page is shown by a real browser, which a machine may not have. */
describe.skipIf(chromiumPath === undefined)(
  `the local supergraph in a browser${chromiumPath === undefined ? " (no Chromium found: set CHROMIUM_PATH)" : ""}`,
  () => {
    let browser: Browser;
    let supergraph: RunningSupergraph;

    beforeAll(async () => {
      supergraph = await startSupergraph();
      browser = await chromium.launch({
        executablePath: chromiumPath ?? "",
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
        ],
      });
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      supergraph?.child.kill("SIGTERM");
    });

    it("opens with a query over both subgraphs, answers it, and asks nobody but the gateway", async () => {
      const { endpoint } = supergraph;
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      const requested: string[] = [];
      const problems: string[] = [];
      page.on("request", (request) => requested.push(request.url()));
      page.on("pageerror", (error) => problems.push(error.message));

      await page.goto(endpoint);
      await page.getByText("AcrossBothSubgraphs").first().waitFor();
      await page.getByRole("button", { name: /execute query/i }).click();
      const result = page.locator(".result-window");
      await result.getByText("importRecords").first().waitFor();
      const shown = (await result.innerText()).replace(/\s+/g, " ");
      const screenshotPath = process.env.SUPERGRAPH_SCREENSHOT;
      if (screenshotPath) await page.screenshot({ path: screenshotPath });
      await page.close();

      const { origin } = new URL(endpoint);
      expect(shown).toContain("Remark on ops:2/30000105");
      expect(shown).toContain("FINISHED");
      expect(shown).not.toContain("errors");
      expect(requested.filter((url) => !url.startsWith(origin) && !/^(?:blob|data):/.test(url))).toEqual([]);
      expect(problems).toEqual([]);
    }, 60_000);
  },
);
