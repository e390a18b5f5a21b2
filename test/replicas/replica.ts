import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createApp } from "../../src/app.ts";
import { parseConfigText } from "../../src/config/load-config.ts";
import { providers } from "../../src/providers/registry.ts";
import { createScaledClock } from "./scaled-clock.ts";

/** One replica of the service, as `main.ts` runs it, by a clock that a test has chosen. */
const { values } = parseArgs({
  options: { config: { type: "string" }, origin: { type: "string" }, speed: { type: "string" } },
});

// Also for those that read the clock of the process, as the breaker's library does. Timers stay as they are.
Date.now = createScaledClock(Number(values.origin), Number(values.speed)).now;

const sources = { environment: {}, readFile: () => "" };
const app = await createApp({
  config: parseConfigText(readFileSync(values.config ?? "", "utf8"), sources, providers),
  logLevel: "info",
  logDestination: process.stdout,
  exampleQueries: [],
  now: Date.now,
  random: Math.random,
});
const url = await app.listen();
process.once("SIGTERM", () => void app.close().then(() => process.exit(0)));
app.log.info({ url: `${url}/graphql` }, "serving");
