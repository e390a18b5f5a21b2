import { afterEach, describe, expect, it } from "vitest";
import { type LiveCheck, validateLive } from "../../src/validate-live.ts";
import { type Answering, type FarSide, startFarSide } from "../support/far-side.ts";
import { parse, smallest } from "./parsing.ts";

let upstream: FarSide;

afterEach(() => upstream.close());

async function validateAgainst(answering: Answering): Promise<LiveCheck[]> {
  upstream = await startFarSide(answering);
  const config = parse(smallest.replace("https://sim.test", upstream.baseUrl));
  return validateLive(config, { now: Date.now, random: () => 0 });
}

describe("validateLive", () => {
  it("accepts an account whose upstream answers that it has no such task, and asks it once", async () => {
    const checks = await validateAgainst(() => ({ body: { code: "200", data: [] } }));

    expect(checks).toEqual([{ account: "sim", problem: null }]);
    expect(upstream.asked).toHaveLength(1);
  });

  it.each<[string, Answering, RegExp]>([
    ["refuses the credentials", () => ({ status: 401 }), /^AUTH_FAILED: /],
    ["permits nothing", () => ({ status: 403 }), /^FORBIDDEN: /],
    ["gives a page of another service", () => ({ body: "<html>Welcome</html>" }), /^UPSTREAM_MALFORMED: /],
    ["is another service, which knows no such path", () => ({ status: 404, body: "Not Found" }), /^UPSTREAM_ERROR: /],
    ["cuts the connection", () => "reset", /^UPSTREAM_UNAVAILABLE: /],
  ])("names the problem, without the secret, when the upstream %s", async (_what, answering, problem) => {
    const checks = await validateAgainst(answering);

    expect(checks).toEqual([{ account: "sim", problem: expect.stringMatching(problem) }]);
    expect(JSON.stringify(checks)).not.toContain("correct-horse");
  });
});
