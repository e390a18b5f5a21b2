import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { ask, eiotclubBody } from "./ask-upstream.ts";

const NOW = Date.UTC(2026, 5, 1, 8);
const QUERY = "/api/v3/task/query";

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ now: () => NOW, random: () => 0.5 });
});

afterEach(() => sandbox.close());

function query(ids: readonly string[]): ReturnType<typeof ask> {
  return ask(`${sandbox.upstream("eiotclub").url}${QUERY}`, { method: "POST", body: eiotclubBody(ids, NOW) });
}

describe("startSandbox", () => {
  it("runs one upstream per file of upstreams/, each on its own port", () => {
    const urls = sandbox.upstreamNames.map((name) => sandbox.upstream(name).url);

    expect(sandbox.upstreamNames).toEqual(expect.arrayContaining(["bk-sops", "eiotclub", "feishu-contact"]));
    expect(new Set([...urls, sandbox.controlUrl]).size).toBe(urls.length + 1);
    expect(urls.every((url) => url.startsWith("http://127.0.0.1:"))).toBe(true);
  });

  it("merges accounts whose base URLs point at its own listeners", () => {
    const accounts = sandbox.accounts();

    expect(Object.keys(accounts)).toEqual(
      expect.arrayContaining(["sim", "lark", "lark-departments", "ops", "ops-esb"]),
    );
    expect(accounts.sim?.baseUrl).toBe(sandbox.upstream("eiotclub").url);
    expect(accounts.ops?.baseUrl).toBe(`${sandbox.upstream("bk-sops").url}/api/bk-sops/prod`);
  });

  it("names example ids of tasks that it holds, one of each upstream first", () => {
    const held = new Set(sandbox.tasks().map(({ account, upstreamId }) => `${account}:${upstreamId}`));
    const upstreamOf = (id: string): string | undefined =>
      sandbox.upstreamNames.find((name) =>
        sandbox
          .upstream(name)
          .tasks()
          .some(({ account, upstreamId }) => `${account}:${upstreamId}` === id),
      );
    const upstreams = new Set(sandbox.exampleIds.map(upstreamOf));

    expect(sandbox.exampleIds.filter((id) => !held.has(id))).toEqual([]);
    expect(new Set(sandbox.exampleIds.slice(0, upstreams.size).map(upstreamOf))).toEqual(upstreams);
    expect(upstreams.size).toBeGreaterThanOrEqual(5);
  });

  it("holds tasks under ids that are unique within their account", () => {
    const ids = sandbox.tasks().map(({ account, upstreamId }) => `${account}:${upstreamId}`);

    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.startsWith("sim:")).length).toBeGreaterThanOrEqual(300);
    expect(ids.filter((id) => id.startsWith("lark:")).length).toBeGreaterThanOrEqual(40);
    expect(ids.filter((id) => id.startsWith("ops:2/")).length).toBeGreaterThanOrEqual(80);
    expect(ids.filter((id) => id.startsWith("ops:3/")).length).toBeGreaterThanOrEqual(80);
    expect(ids.filter((id) => id.startsWith("ops:project-7/")).length).toBeGreaterThanOrEqual(20);
    expect(ids.filter((id) => id.startsWith("ops-esb:5/")).length).toBeGreaterThan(0);
  });

  it("lists the known upstreams when asked for another", () => {
    expect(() => sandbox.upstream("eiotclup")).toThrow(/no upstream eiotclup; known: .*\beiotclub\b/);
  });
});

describe("an upstream's control", () => {
  it("records a call with the ids as they were on the wire, duplicates included", async () => {
    const control = sandbox.upstream("eiotclub");

    await query(["884213", "884001", "884213"]);

    const [call] = control.calls;
    expect(call).toMatchObject({ method: "POST", path: QUERY, rawQuery: "", status: 200, fault: null, at: NOW });
    expect(call?.taskIds).toEqual(["884213", "884001", "884213"]);
    expect(JSON.parse(call?.body ?? "")).toMatchObject({ appkey: "sandbox-sim" });
    expect(call?.headers.host).toBe(new URL(control.url).host);
  });

  it("keeps calls that ask for no task apart", async () => {
    const control = sandbox.upstream("feishu-contact");

    await ask(`${control.url}/open-apis/auth/v3/tenant_access_token/internal`, { method: "POST", body: {} });
    await ask(`${control.url}/open-apis/contact/v2/task/get?task_id=abc`);

    expect(control.calls.map(({ taskIds }) => taskIds)).toEqual([null, ["abc"]]);
    expect(control.taskCalls.map(({ taskIds }) => taskIds)).toEqual([["abc"]]);
  });

  it("keeps the last 1000 calls and counts all", async () => {
    const control = sandbox.upstream("huawei-iam");
    const calls = 1100;

    for (let batch = 0; batch < calls / 50; batch += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => ask(`${control.url}/${batch * 50 + index}`)));
    }

    expect(control.calls).toHaveLength(1000);
    expect(control.totals.calls).toBe(calls);
  });

  it("sends the Date of its own clock", async () => {
    const answer = await query(["884213"]);

    expect(answer.headers.date).toBe(new Date(NOW).toUTCString());
  });

  it("refuses an unknown switch, lists the known and changes nothing", () => {
    const control = sandbox.upstream("eiotclub");

    expect(() => control.set({ rowOrder: "request", rowsOrder: "request" })).toThrow(
      /no switch rowsOrder; known: .*rowOrder/,
    );
    expect(control.switches.rowOrder).toBe("reverse");
  });

  it("refuses an unknown action and lists the known", () => {
    expect(() => sandbox.upstream("feishu-contact").act("revoke")).toThrow(/known: revokeTokens/);
    expect(() => sandbox.upstream("eiotclub").act("toString")).toThrow(/known: none/);
  });

  it("refuses connections while it is down and takes the same port again", async () => {
    const control = sandbox.upstream("eiotclub");
    await control.down();

    await expect(query(["884213"])).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await control.up();

    expect((await query(["884213"])).status).toBe(200);
  });

  it("forgets calls, faults and switches on reset and is up again", async () => {
    const control = sandbox.upstream("eiotclub");
    await query(["884213"]);
    control.set({ rowOrder: "request" });
    control.fault({ kind: "reset" });
    await control.down();

    await sandbox.reset();

    expect(control.calls).toEqual([]);
    expect(control.faults).toEqual([]);
    expect(control.switches.rowOrder).toBe("reverse");
    expect((await query(["884213"])).status).toBe(200);
  });
});

describe("the control endpoint", () => {
  const put = (path: string, body: unknown): ReturnType<typeof ask> =>
    ask(`${sandbox.controlUrl}${path}`, { method: "PUT", body });

  it("gives an overview with the number of ids per call", async () => {
    await query(["884213"]);
    await query(["884001", "884002"]);
    await query(["884003", "884004"]);

    const { json } = await ask(sandbox.controlUrl);

    expect(json).toMatchObject({
      upstreams: { eiotclub: { calls: 3, taskCalls: 3, ids: 5, callsByIdCount: { "1": 1, "2": 2 } } },
    });
  });

  it("shows calls and tasks of an upstream", async () => {
    await query(["884213"]);

    const calls = await ask(`${sandbox.controlUrl}/eiotclub/calls`);
    const tasks = await ask(`${sandbox.controlUrl}/eiotclub/tasks`);

    expect(calls.json).toMatchObject([{ taskIds: ["884213"] }]);
    expect(tasks.json).toEqual(JSON.parse(JSON.stringify(sandbox.upstream("eiotclub").tasks())));
  });

  it("sets switches and leaves the others", async () => {
    const { status, json } = await put("/eiotclub/switches", { dropIds: ["884213"] });

    expect(status).toBe(200);
    expect(json).toMatchObject({ dropIds: ["884213"], rowOrder: "reverse" });
    expect((await query(["884213"])).json).toEqual({ code: "200", data: [] });
  });

  it("sets and ends faults", async () => {
    await put("/eiotclub/faults", { kind: "status", status: 500, times: 1 });
    const failed = await query(["884213"]);
    await put("/eiotclub/faults", null);

    expect(failed.status).toBe(500);
    expect(sandbox.upstream("eiotclub").faults).toEqual([]);
  });

  it("runs actions, takes an upstream down and up, and resets all", async () => {
    const url = sandbox.controlUrl;

    const acted = await ask(`${url}/feishu-contact/actions/revokeTokens`, { method: "POST" });
    await ask(`${url}/eiotclub/down`, { method: "POST" });
    await expect(query(["884213"])).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await ask(url, { method: "DELETE" });

    expect(acted.status).toBe(200);
    expect((await query(["884213"])).status).toBe(200);
  });

  it.each([
    ["PUT", "/eiotclub/switches", { nope: 1 }, 400, /no switch nope/],
    ["PUT", "/eiotclub/switches", [1], 400, /must be a JSON object/],
    ["PUT", "/eiotclub/switches", "{", 400, /must be JSON/],
    ["PUT", "/eiotclub/faults", { kind: "boom" }, 400, /unknown fault kind "boom"; known: latency/],
    ["POST", "/feishu-contact/actions/nope", undefined, 400, /known: revokeTokens/],
    ["GET", "/nowhere/calls", undefined, 404, /no upstream nowhere; known/],
    ["GET", "/eiotclub/nothing", undefined, 404, /no such control/],
    ["PATCH", "/", undefined, 404, /no such control/],
  ])("answers %s %s %j with %i and says what would do", async (method, path, body, status, error) => {
    const answer = await ask(`${sandbox.controlUrl}${path}`, { method, ...(body === undefined ? {} : { body }) });

    expect(answer.status).toBe(status);
    expect((answer.json as { error: string }).error).toMatch(error);
  });
});
