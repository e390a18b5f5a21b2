import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { startService, type TestService } from "../support/service.ts";

const routerSecret = "the-secret-of-the-router";
const fromRouter = { "router-authorization": routerSecret };

let sandbox: Sandbox;
let service: TestService;

beforeAll(async () => {
  sandbox = await startSandbox();
  service = await startService({ sandbox, server: { routerSecrets: ["an-older-secret", routerSecret] } });
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

/** The checks of the official subgraph compatibility suite that concern what this schema uses, asked as the suite asks. */
describe("the subgraph, asked as the compatibility suite asks", () => {
  async function readSdl(): Promise<string> {
    const { body } = await service.query("query { _service { sdl } }", {}, fromRouter);
    return body.data._service.sdl;
  }

  it("_service: gives its SDL to the router though introspection is off", async () => {
    const { body } = await service.query("{ __schema { queryType { name } } }", {}, fromRouter);

    expect(await readSdl()).toContain("type Query");
    expect(body.errors?.[0]?.message).toContain("introspection is not allowed");
  });

  it("_service: gives nothing to who is not the router", async () => {
    const { status, body } = await service.query("query { _service { sdl } }");

    expect(status).toBe(401);
    expect(body.data).toBeUndefined();
  });

  it.each([
    ["@link", /@link\(url: "https:\/\/specs\.apollo\.dev\/federation\/v2\.9"/],
    ["@key on the entity interface", /interface BatchTask @key\(fields: "id"\)/],
    ["@key on an implementation", /type SopsTask implements BatchTask @key\(fields: "id"\)/],
    ["@shareable", /type PageInfo @shareable/],
    ["@tag", /owner: String @tag\(name: "pii"\)/],
    ["@listSize", /@listSize\(assumedSize: 100, sizedFields: \["lookups"\]\)/],
  ])("%s: stands in the SDL as it was written", async (_name, pattern) => {
    expect(await readSdl()).toMatch(pattern);
  });

  it("@key, single: resolves an entity by its concrete type", async () => {
    const { body } = await service.query(
      "query ($representations: [_Any!]!) { _entities(representations: $representations) { ...on EiotclubTask { id status result } } }",
      { representations: [{ __typename: "EiotclubTask", id: "sim:884213" }] },
      fromRouter,
    );

    expect(body.errors).toBeUndefined();
    expect(body.data._entities[0]).toMatchObject({ id: "sim:884213", status: expect.any(String) });
  });

  it("entity interface: resolves an entity by the interface's name and tells its concrete type", async () => {
    const { body } = await service.query(
      "query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ...on BatchTask { id } } }",
      { representations: [{ __typename: "BatchTask", id: "sim:884213" }] },
      fromRouter,
    );

    expect(body.data._entities).toEqual([{ __typename: "EiotclubTask", id: "sim:884213" }]);
  });

  it("turns away who is not the router before it reads what is said", async () => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{",
    );

    const [answer] = await once(socket, "data");

    socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it("takes each of the configured secrets, so that a secret can be changed without a pause", async () => {
    const { status } = await service.query("{ __typename }", {}, { "router-authorization": "an-older-secret" });

    expect(status).toBe(200);
  });
});
