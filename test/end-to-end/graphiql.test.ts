import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServiceProcess, startProcess } from "../support/service-process.ts";

const chromiumPath = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

/** The page is shown by a real browser, which a machine may not have. */
describe.skipIf(chromiumPath === undefined)(
  `GraphiQL in a browser${chromiumPath === undefined ? " (no Chromium found: set CHROMIUM_PATH)" : ""}`,
  () => {
    let service: ServiceProcess;
    let browser: Browser;
    let endpoint: string;

    beforeAll(async () => {
      service = startProcess([]);
      [, endpoint = ""] = await service.prints(/GraphiQL\s+open (\S+) in/);
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
      service?.process.kill("SIGTERM");
      await service?.exitCode;
    });

    it("opens with example queries, answers one of them, and asks nobody but the service", async () => {
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      const requested: string[] = [];
      const problems: string[] = [];
      page.on("request", (request) => requested.push(request.url()));
      page.on("pageerror", (error) => problems.push(error.message));

      await page.goto(endpoint);
      await page.getByText("HowAreTheyDoing").first().waitFor();
      const tabs = await page.getByRole("tab").count();
      await page.getByRole("button", { name: /execute query/i }).click();
      await page.locator(".result-window").getByText("countsByStatus").first().waitFor();
      const screenshotPath = process.env.GRAPHIQL_SCREENSHOT;
      if (screenshotPath) await page.screenshot({ path: screenshotPath });

      const { origin } = new URL(endpoint);
      expect(tabs).toBe(3);
      expect(requested.filter((url) => !url.startsWith(origin) && !/^(?:blob|data):/.test(url))).toEqual([]);
      expect(problems).toEqual([]);
    }, 60_000);
  },
);
