import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSignedWith } from "../../src/sandbox/eiotclub/parameter-signature.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxUpstreamControl } from "../../src/sandbox/upstream-control.ts";
import { type Answer, ask, eiotclubBody } from "./ask-upstream.ts";

const START = Date.UTC(2026, 5, 1, 8);
const PATH = "/api/v3/task/query";

interface SignVector {
  readonly name: string;
  readonly input: { readonly secret: string; readonly parameters: Record<string, unknown> };
  readonly expected: { readonly sign: string };
}

const VECTORS: readonly SignVector[] = JSON.parse(
  readFileSync(new URL("../vectors/eiotclub-sign.json", import.meta.url), "utf8"),
).vectors;

let now: number;
let sandbox: Sandbox;
let control: SandboxUpstreamControl;

beforeEach(async () => {
  now = START;
  sandbox = await startSandbox({ now: () => now, random: () => 0.5 });
  control = sandbox.upstream("eiotclub");
});

afterEach(() => sandbox.close());

function post(body: unknown, options: { path?: string; method?: string } = {}): Promise<Answer> {
  const { path = PATH, method = "POST" } = options;
  const headers = { "content-type": "application/json;charset=utf-8" };
  return ask(`${control.url}${path}`, { method, headers, body });
}

function query(ids: readonly string[], changes: Record<string, unknown> = {}): Promise<Answer> {
  return post(eiotclubBody(ids, now, changes));
}

function codeOf(answer: Answer): unknown {
  return (answer.json as { code: unknown }).code;
}

function rowsOf(answer: Answer): readonly { id: unknown; status: unknown; result: unknown }[] {
  return (answer.json as { data: { id: unknown; status: unknown; result: unknown }[] }).data;
}

function idsOf(answer: Answer): readonly unknown[] {
  return rowsOf(answer).map(({ id }) => id);
}

function without(body: object, key: string): object {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== key));
}

describe("signature", () => {
  it.each(VECTORS)("accepts the vector $name", ({ input, expected }) => {
    expect(isSignedWith({ ...input.parameters, sign: expected.sign }, input.secret)).toBe(true);
  });

  it.each(VECTORS)("refuses the vector $name with any of its parts changed", ({ input, expected }) => {
    const signed = { ...input.parameters, sign: expected.sign };

    expect(isSignedWith({ ...signed, sign: expected.sign.toLowerCase() }, input.secret)).toBe(false);
    expect(isSignedWith({ ...signed, sign: expected.sign.slice(1) }, input.secret)).toBe(false);
    expect(isSignedWith({ ...signed, nonce: 24524 }, input.secret)).toBe(false);
    expect(isSignedWith(signed, `${input.secret}x`)).toBe(false);
  });

  it("leaves out null, empty text and empty lists, and keeps 0 and false", () => {
    const sign = createHash("sha1").update("a=0&b=0&secret=s").digest("hex").toUpperCase();

    expect(isSignedWith({ a: 0, b: false, sign }, "s")).toBe(true);
    expect(isSignedWith({ a: 0, b: false, c: null, d: "", e: [], sign }, "s")).toBe(true);
  });

  it("accepts the published task query over HTTP at its own time", async () => {
    const vector = VECTORS.find(({ name }) => name === "task-query");
    now = 1_556_595_508_000;

    const answer = await post({ ...vector?.input.parameters, sign: vector?.expected.sign });

    expect(answer.json).toEqual({ code: "200", data: [] });
  });
});

describe("a good call", () => {
  it("gets one row per known id, all values text, in reverse order of the request", async () => {
    const answer = await query(["884213", "884001", "884002"]);

    expect(answer.status).toBe(200);
    expect(codeOf(answer)).toBe("200");
    expect(idsOf(answer)).toEqual(["884002", "884001", "884213"]);
    for (const row of rowsOf(answer)) {
      expect(Object.keys(row)).toEqual(["id", "status", "result"]);
      expect(Object.values(row).every((value) => typeof value === "string")).toBe(true);
    }
  });

  it("takes nonce and timestamp as text too", async () => {
    const answer = await query(["884213"], { nonce: "24523", timestamp: String(Math.floor(now / 1000)) });

    expect(codeOf(answer)).toBe("200");
  });

  it("signs over further keys", async () => {
    expect(codeOf(await query(["884213"], { zone: "x" }))).toBe("200");
  });

  it("takes 100 ids", async () => {
    const ids = Array.from({ length: 100 }, (_, index) => String(884_001 + index));

    expect(rowsOf(await query(ids))).toHaveLength(100);
  });

  it("moves tasks only along 0, 1 and then 2, -1 or -2, with a result only at the end", () => {
    const seen = new Map<string, string[]>();
    for (let hour = 0; hour <= 20; hour += 1) {
      now = START + hour * 3_600_000;
      for (const { upstreamId, rawStatus, row } of control.tasks()) {
        const path = seen.get(upstreamId) ?? [];
        if (path.at(-1) !== rawStatus) path.push(rawStatus);
        seen.set(upstreamId, path);
        expect((row as { result: string }).result === "").toBe(rawStatus === "0" || rawStatus === "1");
      }
    }

    const paths = new Set([...seen.values()].map((path) => path.join(" ")));
    const allowed = /^(0|(0 )?(1 ?)?(2|-1|-2)?|0 1)$/;
    expect([...paths].filter((path) => !allowed.test(path))).toEqual([]);
    expect(new Set([...seen.values()].flat())).toEqual(new Set(["0", "1", "2", "-1", "-2"]));
  });
});

describe("refusals, in the order of the checks", () => {
  it.each(["appkey", "timestamp", "nonce", "sign", "ids"])("400 without %s", async (key) => {
    expect((await post(without(eiotclubBody(["884213"], now), key))).json).toEqual({
      code: "400",
      message: `${key} is missing`,
    });
  });

  it.each([
    ["text", "not json"],
    ["a list", "[]"],
    ["nothing", undefined],
  ])("400 for a body that is %s", async (_, body) => {
    expect(codeOf(await post(body))).toBe("400");
  });

  it.each([
    ["timestamp of 13 digits as text", { timestamp: "1780300800000" }],
    ["fractional timestamp", { timestamp: START / 1000 + 0.5 }],
    ["empty nonce", { nonce: "" }],
    ["fractional nonce", { nonce: 1.5 }],
    ["numeric appkey", { appkey: 1 }],
    ["list of ids", { ids: ["884213"] }],
  ])("400 for a %s", async (_, changes) => {
    expect(codeOf(await query(["884213"], changes))).toBe("400");
  });

  it.each([
    ["an unknown appkey", { appkey: "nobody" }],
    ["an inherited name as appkey", { appkey: "constructor" }],
    ["a wrong signature", { sign: "5E1AC5F3BFAAC463A2956EC75338507D86B2CF2E" }],
    ["a time 301 s old", { timestamp: START / 1000 - 301 }],
    ["a time 301 s ahead", { timestamp: START / 1000 + 301 }],
    ["a time in milliseconds", { timestamp: START }],
  ])("401 for %s, without data", async (_, changes) => {
    const answer = await query(["884213"], changes);

    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ code: "401", message: expect.any(String) });
  });

  it.each([-300, 300])("accepts a time %i s away", async (seconds) => {
    expect(codeOf(await query(["884213"], { timestamp: START / 1000 + seconds }))).toBe("200");
  });

  it("401 for the same nonce at the same time, and not at another time", async () => {
    const body = eiotclubBody(["884213"], now, { nonce: 12345 });

    const codes = [codeOf(await post(body)), codeOf(await post(body))];
    now += 1000;
    codes.push(codeOf(await query(["884213"], { nonce: 12345 })));

    expect(codes).toEqual(["200", "401", "200"]);
  });

  it("400 for an empty list and for 101 ids, repeated ones counted", async () => {
    const ids = Array.from({ length: 101 }, () => "884213");

    expect(codeOf(await query([]))).toBe("400");
    expect(codeOf(await query(ids))).toBe("400");
    expect(control.taskCalls.map(({ taskIds }) => taskIds?.length)).toEqual([0, 101]);
  });

  it("404 and 405 off the path", async () => {
    const body = eiotclubBody(["884213"], now);

    expect((await post(body, { path: "/api/v3/task" })).status).toBe(404);
    expect((await post(undefined, { method: "GET" })).status).toBe(405);
  });

  it("records the ids of refused calls too", async () => {
    await query(["884213", "884001"], { sign: "bad" });

    expect(control.taskCalls.map(({ taskIds }) => taskIds)).toEqual([["884213", "884001"]]);
  });
});

describe("switches", () => {
  it("refusalForm http-status repeats the code as status", async () => {
    control.set({ refusalForm: "http-status" });

    expect((await query(["884213"], { appkey: "nobody" })).status).toBe(401);
  });

  it("refusalCodes changes one code and leaves the others", async () => {
    control.set({ refusalCodes: { badSign: "10401" } });

    expect(codeOf(await query(["884213"], { sign: "bad" }))).toBe("10401");
    expect(codeOf(await query(["884213"], { appkey: "nobody" }))).toBe("401");
  });

  it("successCode may be the number 10000", async () => {
    control.set({ successCode: 10000 });

    expect(codeOf(await query(["884213"]))).toBe(10000);
  });

  it("timeWindowSeconds widens the window", async () => {
    control.set({ timeWindowSeconds: 1000 });

    expect(codeOf(await query(["884213"], { timestamp: START / 1000 - 900 }))).toBe("200");
  });

  it("refuseReusedNonce off lets a call through twice", async () => {
    control.set({ refuseReusedNonce: false });
    const body = eiotclubBody(["884213"], now);

    expect([codeOf(await post(body)), codeOf(await post(body))]).toEqual(["200", "200"]);
  });

  it("rowOrder may be that of the request, or shuffled the same way for the same seed", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => String(884_001 + index));
    control.set({ rowOrder: "request" });
    const asked = idsOf(await query(ids));
    control.set({ rowOrder: "shuffled", shuffleSeed: 7 });
    const [first, second] = [idsOf(await query(ids)), idsOf(await query(ids))];
    control.set({ shuffleSeed: 8 });
    const other = idsOf(await query(ids));

    expect(asked).toEqual(ids);
    expect(first).toEqual(second);
    expect(first).not.toEqual(ids);
    expect(other).not.toEqual(first);
    expect(first.toSorted()).toEqual(ids);
  });

  it.each([
    ["left-out", { code: "200", data: [] }],
    ["empty-status", { code: "200", data: [{ id: "nope", status: "", result: "" }] }],
    ["call-refused", { code: "400", message: expect.any(String) }],
  ])("unknownIds %s", async (unknownIds, expected) => {
    control.set({ unknownIds });

    expect((await query(["nope"])).json).toEqual(expected);
  });

  it.each([
    ["one-row", 1],
    ["row-each", 2],
  ])("repeatedIds %s gives %i rows for an id asked twice", async (repeatedIds, rows) => {
    control.set({ repeatedIds });

    expect(rowsOf(await query(["884213", "884213"]))).toHaveLength(rows);
  });

  it("types numbers writes id and status as numbers", async () => {
    control.set({ types: "numbers" });

    const [row] = rowsOf(await query(["884213"]));

    expect([row?.id, typeof row?.status]).toEqual([884213, "number"]);
  });

  it("rateLimitPerSecond refuses the eleventh call of a second", async () => {
    control.set({ rateLimitPerSecond: 10 });
    const codes: unknown[] = [];
    for (let call = 0; call < 11; call += 1) codes.push(codeOf(await query(["884213"])));
    now += 1000;
    codes.push(codeOf(await query(["884213"])));

    expect(codes).toEqual([...Array.from({ length: 10 }, () => "200"), "429", "200"]);
  });

  it("addressListed off, refuseAll and poisonIds refuse the whole call", async () => {
    control.set({ poisonIds: ["884001"] });
    const poisoned = [codeOf(await query(["884213", "884001"])), codeOf(await query(["884213"]))];
    control.set({ refuseAll: "injected" });
    const injected = codeOf(await query(["884213"]));
    control.set({ addressListed: false });
    const unlisted = codeOf(await query(["884213"]));

    expect([poisoned, injected, unlisted]).toEqual([["1001", "200"], "500", "403"]);
  });

  it("refuseWith is the body under HTTP 200, only for a well-signed call", async () => {
    control.set({ refuseWith: { code: "777", message: "x" } });

    expect((await query(["884213"])).json).toEqual({ code: "777", message: "x" });
    expect(codeOf(await query(["884213"], { sign: "bad" }))).toBe("401");
  });

  it("dropIds, foreignRows and doubleRows spoil the rows", async () => {
    control.set({ dropIds: ["884001"], foreignRows: 1, doubleRows: true });

    const rows = rowsOf(await query(["884213", "884001"]));

    expect(rows.map(({ id }) => id)).toEqual(["884002", "884213", "884213"]);
    expect(rows[2]?.status).not.toBe(rows[1]?.status);
  });

  it("statusOverrides and rowPatches change one row, with any type", async () => {
    control.set({
      statusOverrides: { "884001": { odd: true } },
      rowPatches: { "884002": { result: undefined, id: 7 } },
    });

    const rows = rowsOf(await query(["884001", "884002", "884003"])).toReversed();

    expect(rows[0]?.status).toEqual({ odd: true });
    expect(rows[1]).toEqual({ id: 7, status: expect.any(String) });
    expect(typeof rows[2]?.status).toBe("string");
  });
});
