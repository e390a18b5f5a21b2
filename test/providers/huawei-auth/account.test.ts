import { describe, expect, it } from "vitest";
import { z } from "zod";
import { huaweiAccountShape } from "../../../src/providers/huawei-auth/account.ts";

const schema = z.strictObject(huaweiAccountShape);

const account = { baseUrl: "https://dli.example.com/", projectId: "054ba152d480d55b2f5dc0069e7ddef0" };

const password = { iamUrl: "https://iam.example.com/", domain: "acme", user: "reader", password: "hunter22" };

describe("the auth part of a Huawei account", () => {
  it("reads an access key, with or without a security token", () => {
    const keys = { accessKey: "AK", secretKey: "SECRETKEY" };

    const lasting = schema.parse({ ...account, auth: keys }).auth;
    const temporary = schema.parse({ ...account, auth: { ...keys, securityToken: "STS" } }).auth;

    expect(lasting).toMatchObject({ kind: "access-key", accessKey: "AK", securityToken: null });
    expect(temporary.kind === "access-key" && temporary.securityToken?.reveal()).toBe("STS");
  });

  it("reads a password, and drops the slash at the end of the address", () => {
    const { auth } = schema.parse({ ...account, auth: password });

    expect(auth).toMatchObject({ kind: "password", iamUrl: "https://iam.example.com", domain: "acme", user: "reader" });
  });

  it("reads a token", () => {
    const { auth } = schema.parse({ ...account, auth: { token: "TOKEN" } });

    expect(auth.kind === "token" && auth.token.reveal()).toBe("TOKEN");
  });

  it.each([
    ["nothing", {}, ["auth"]],
    ["two ways", { token: "TOKEN", accessKey: "AK", secretKey: "SK" }, ["auth"]],
    ["a token and a user", { token: "TOKEN", user: "reader" }, ["auth"]],
    ["half a key pair", { accessKey: "AK" }, ["auth", "secretKey"]],
    ["a security token alone", { securityToken: "STS" }, ["auth", "accessKey"]],
    ["no password", { iamUrl: "https://iam.example.com", domain: "acme", user: "reader" }, ["auth", "password"]],
    ["an unknown key", { token: "TOKEN", tokn: "x" }, ["auth"]],
  ])("refuses %s, naming the place", (_case, auth, path) => {
    const { error } = schema.safeParse({ ...account, auth });

    expect(error?.issues[0]?.path).toEqual(path);
  });

  it("never shows a secret in a problem or in JSON", () => {
    const broken = schema.safeParse({ ...account, auth: { ...password, token: "very-secret" } });
    const good = schema.parse({ ...account, auth: password });

    expect(JSON.stringify(broken.error?.issues)).not.toMatch(/very-secret|hunter22/);
    expect(JSON.stringify(good)).not.toContain("hunter22");
  });

  it.each(["", "with/slash", "x".repeat(65)])("refuses the project id %j", (projectId) => {
    const { success } = schema.safeParse({ ...account, projectId, auth: { token: "TOKEN" } });

    expect(success).toBe(false);
  });
});
