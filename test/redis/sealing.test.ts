import { lookup } from "node:dns/promises";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createSealing, type Sealing } from "../../src/redis/sealing.ts";
import { propertyRuns } from "../support/property-runs.ts";

let sealing: Sealing;

beforeAll(async () => {
  sealing = await createSealing(["key-id", "secret-key"], "https://example.test");
});

const texts = fc.string({ unit: "grapheme", maxLength: 300 });

describe("createSealing", () => {
  it("opens what was sealed for the same place, here or at another replica", async () => {
    const replica = await createSealing(["secret-key", "key-id"], "https://example.test");

    expect(replica.tag).toBe(sealing.tag);
    fc.assert(
      fc.property(texts, fc.string(), (text, place) => {
        expect(replica.open(sealing.seal(text, place), place)).toBe(text.toWellFormed());
      }),
      { numRuns: propertyRuns },
    );
  });

  it("leaves threads for who has to connect, however many keys are derived", async () => {
    let derived = 0;
    const deriving = Array.from({ length: 16 }, async (_, index) => {
      await createSealing([`secret-${index}`], "https://example.test");
      derived += 1;
    });

    await lookup("localhost");
    const derivedBefore = derived;
    await Promise.all(deriving);

    expect(derivedBefore).toBeLessThan(8);
    expect(derived).toBe(16);
  });

  it("opens nothing that was changed, cut or put elsewhere", () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.nat(), (text, at, flip, length) => {
        const sealed = sealing.seal(text, "here");
        const changed = Buffer.from(sealed);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip;

        expect(sealing.open(changed, "here")).toBeNull();
        expect(sealing.open(sealed.subarray(0, length % sealed.length), "here")).toBeNull();
        expect(sealing.open(Buffer.concat([sealed, Buffer.of(flip)]), "here")).toBeNull();
        expect(sealing.open(sealed, "there")).toBeNull();
      }),
      { numRuns: propertyRuns },
    );
  });

  it("opens nothing that is noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(sealing.open(Buffer.from([1, ...bytes]), "")).toBeNull();
      }),
      { numRuns: propertyRuns },
    );
  });

  it.each([
    ["other secrets", ["key-id", "other-key"], "https://example.test"],
    ["secrets cut differently", ["key-idsecret-", "key"], "https://example.test"],
    ["another purpose", ["key-id", "secret-key"], "https://other.test"],
  ])("keeps who has %s apart", async (_what, material, purpose) => {
    const other = await createSealing(material, purpose);

    expect(other.tag).not.toBe(sealing.tag);
    expect(other.open(sealing.seal("text", "place"), "place")).toBeNull();
  });

  it("shows nothing of the text, and the same text never the same", () => {
    const text = "SUCCEEDED".repeat(10);

    const [first, second] = [sealing.seal(text, "place"), sealing.seal(text, "place")];

    expect(first.includes("SUCCEEDED")).toBe(false);
    expect(first.subarray(13, -16).equals(second.subarray(13, -16))).toBe(false);
    expect(sealing.tag).toMatch(/^[\w-]{22}$/);
  });

  it("uses no nonce twice", () => {
    const nonces = Array.from({ length: 5_000 }, () => sealing.seal("", "").subarray(1, 13).toString("hex"));

    expect(new Set(nonces).size).toBe(nonces.length);
  });
});
