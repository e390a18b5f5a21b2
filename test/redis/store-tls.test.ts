import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createScript } from "../../src/redis/script.ts";
import { createStore, type Store } from "../../src/redis/store.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { newPrefix, type RedisServer, redisTlsMissing, startRedis, startRedisCluster } from "../support/redis.ts";

const add = createScript('return redis.call("INCRBY", KEYS[1], ARGV[1])');

const folder = mkdtempSync(join(tmpdir(), "batch-task-tls-"));
const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
const opensslMissing = makeCertificate() ? "" : " (skipped: no openssl on the path)";
const missing = redisTlsMissing || opensslMissing;
const trusted = getCACertificates();

const servers: RedisServer[] = [];
const stores: Store[] = [];
const log = { info: vi.fn(), warn: vi.fn() };

afterEach(async () => {
  setDefaultCACertificates(trusted);
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await Promise.all(servers.splice(0).map((server) => server.end()));
  vi.clearAllMocks();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** False where there is no OpenSSL. */
function makeCertificate(): boolean {
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
  return spawnSync("openssl", ["req", ...kind, ...names, "-keyout", files.key, "-out", files.certificate]).status === 0;
}

/** Its address over TLS. It wants a password. */
async function startTls(): Promise<string> {
  const server = await startRedis(["--requirepass", "pass"], files);
  servers.push(server);
  return `rediss://:pass@127.0.0.1:${server.tlsPort}`;
}

const trustAuthority = (): void => setDefaultCACertificates([...trusted, readFileSync(files.certificate, "utf8")]);

function open(url: string): Store {
  const store = createStore({ url, prefix: newPrefix(), metrics: createMetrics(), log, random: Math.random });
  stores.push(store);
  return store;
}

describe.skipIf(missing)(`a store that is reached over TLS${missing}`, () => {
  it("is used when its certificate is from an authority that the process trusts", async () => {
    trustAuthority();
    const store = open(await startTls());

    await vi.waitFor(() => expect(store.isAvailable()).toBe(true), 5_000);

    expect(await store.run(add, ["a:{1}"], ["3"])).toBe(3);
  });

  it("may be a Cluster", async () => {
    trustAuthority();
    const nodes = await startRedisCluster(0, files);
    servers.push(...nodes);
    const store = open(`rediss://127.0.0.1:${nodes[1]?.tlsPort}`);

    await vi.waitFor(() => expect(store.isAvailable()).toBe(true), 5_000);

    const sums = Array.from({ length: 30 }, (_, tag) => store.run(add, [`a:{${tag}}`], ["1"]));
    expect(await Promise.all(sums)).toEqual(Array.from({ length: 30 }, () => 1));
  });

  it("is not used otherwise, and the log says why", async () => {
    const store = open(await startTls());

    await vi.waitFor(() => expect(log.warn).toHaveBeenCalled(), 5_000);

    expect(store.isAvailable()).toBe(false);
    expect(JSON.stringify(log.warn.mock.calls)).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
  });
});
