import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor, createTextRedactor } from "../../src/telemetry/redaction.ts";

describe("createRedactor", () => {
  it.each([
    ["as it is", "s3cr3t-value", "token s3cr3t-value is bad", "token [redacted] is bad"],
    ["more than once", "s3cr3t", "s3cr3t s3cr3t", "[redacted] [redacted]"],
    ["with quotes, inside JSON", 'a"b\\c"d', JSON.stringify({ k: 'a"b\\c"d' }), '{"k":"[redacted]"}'],
    ["with a line break, inside JSON", "line1\nline2", JSON.stringify(["line1\nline2"]), '["[redacted]"]'],
    ["percent-encoded", "p@ss w/rd", "q=p%40ss%20w%2Frd", "q=[redacted]"],
    ["with characters that mean something in a pattern", "a.b*c+(d)", "xx a.b*c+(d) yy", "xx [redacted] yy"],
    ["of backslashes, inside JSON", "\\\\a\\\\\\b", JSON.stringify(["\\\\a\\\\\\b"]), '["[redacted]"]'],
    ["with a bar", "aaa|bbb", "aaa|bbb", "[redacted]"],
    ["that begins with a digit", "0123456789", "0123456789", "[redacted]"],
    ["with a dollar sign", "$&$1$$abc", "<$&$1$$abc>", "<[redacted]>"],
  ])("replaces a secret %s", (_how, secret, text, expected) => {
    expect(createRedactor([secret])(text)).toBe(expected);
  });

  it.each([
    ["as Python writes it", "pässwörd-1", '{"m":"p\\u00e4ssw\\u00f6rd-1"}'],
    ["as PHP writes it", "ab/cd/ef==", '{"m":"ab\\/cd\\/ef=="}'],
    ["as Go writes it", "ab&cd<ef>", '{"m":"ab\\u0026cd\\u003cef\\u003e"}'],
    ["percent-encoded in lower case", "p@ss:w/rd", "q=p%40ss%3aw%2frd"],
    ["in a form", "pass word+1", "q=pass+word%2B1"],
  ])("replaces a secret that an upstream echoes %s", (_how, secret, text) => {
    const redacted = createRedactor([secret])(text);

    expect(redacted).toContain("[redacted]");
    expect(redacted.length).toBeLessThan(text.length + 2);
  });

  it("replaces a secret in JSON that is a text of JSON that is a text of JSON", () => {
    const nest = (text: string): string => JSON.stringify({ body: text });

    const redacted = createRedactor(['a"b/c\\d e\n1'])(nest(nest(nest('a"b/c\\d e\n1'))));

    expect(redacted).toBe(nest(nest(nest("[redacted]"))));
  });

  it.each(['\\"/\\"/\\"/', "\\\\\\\\\\\\x", '""""""x'])(
    "takes little time over backslashes with the secret %s",
    (secret) => {
      const redact = createRedactor([secret]);
      const startedAt = performance.now();

      redact("\\".repeat(256 * 1024));

      expect(performance.now() - startedAt).toBeLessThan(1_500);
    },
  );

  it("does not take a dot of a secret for any character", () => {
    expect(createRedactor(["abc.def"])("abcxdef")).toBe("abcxdef");
  });

  it("replaces the longer of two secrets of which one begins with the other", () => {
    expect(createRedactor(["secret-1", "secret-1-long"])("secret-1-long")).toBe("[redacted]");
  });

  it.each(["", "1", "true", "12345"])(
    "leaves the short secret %j alone, which would blot out ordinary text",
    (secret) => {
      const text = '{"code":12345,"ok":true,"n":1}';

      expect(createRedactor([secret])(text)).toBe(text);
    },
  );

  it("leaves texts alone when there are no secrets", () => {
    expect(createRedactor([])("text")).toBe("text");
  });

  it("builds from any text", () => {
    expect(createRedactor(["lone \ud800 surrogate"])("text")).toBe("text");
  });

  it("leaves no secret in a text, whatever stands around it and however it is escaped", () => {
    const secret = fc.string({ unit: "grapheme", minLength: 6, maxLength: 40 });
    const around = fc.string({ unit: "grapheme" });
    const written = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => JSON.stringify({ message: text }),
      (text) => encodeURIComponent(text),
    );

    fc.assert(
      fc.property(secret, around, around, written, (hidden, before, after, write) => {
        fc.pre(!"[redacted]".includes(hidden) && !`${before}${after}`.includes(hidden));
        const redacted = createRedactor([hidden])(before + write(hidden) + after);
        expect(redacted).toContain("[redacted]");
      }),
    );
  });
});

describe("createTextRedactor", () => {
  it.each([
    ["as it is", ["s3cr3t-value"], "token s3cr3t-value is bad", "token [redacted] is bad"],
    ["more than once", ["s3cr3t"], "s3cr3t s3cr3t", "[redacted] [redacted]"],
    ["at both ends", ["s3cr3t"], "s3cr3t and s3cr3t", "[redacted] and [redacted]"],
    ["that is the whole text", ["s3cr3t"], "s3cr3t", "[redacted]"],
    ["with characters that mean something in a pattern", ["a.b*c+(d)|$&"], "xx a.b*c+(d)|$& yy", "xx [redacted] yy"],
    ["beside another", ["first-secret", "second-secret"], "second-secret first-secret", "[redacted] [redacted]"],
    ["that begins with another", ["secret-1", "secret-1-long"], "secret-1-long", "[redacted]"],
    ["that holds another", ["inside", "an inside job"], "an inside job", "[redacted]"],
    ["outside the basic plane", ["12345😀6"], "<12345😀6>", "<[redacted]>"],
  ])("replaces a secret %s", (_how, secrets, text, expected) => {
    expect(createTextRedactor(secrets, () => [])(text)).toBe(expected);
  });

  it.each([
    ["begins like one", "s3cr3t-valise"],
    ["ends in the beginning of one", "the s3cr3t-v"],
    ["holds one that is too short to be one", "12345"],
    ["is empty", ""],
  ])("leaves alone a text that %s", (_what, text) => {
    expect(createTextRedactor(["s3cr3t-value", "12345", ""], () => [])(text)).toBe(text);
  });

  it("replaces tokens from the moment on at which they are known, and longer ones before secrets inside them", () => {
    let tokens: readonly string[] = [];
    const redact = createTextRedactor(["app-secret"], () => tokens);
    expect(redact("token-1 app-secret")).toBe("token-1 [redacted]");

    tokens = ["token-1", "prefix.app-secret.suffix"];
    expect(redact("token-1 prefix.app-secret.suffix")).toBe("[redacted] [redacted]");

    tokens = ["token-2"];
    expect(redact("token-1 token-2")).toBe("token-1 [redacted]");
  });

  it("replaces any of many long tokens", () => {
    const tokens = Array.from({ length: 200 }, (_, index) => `MIIF${`${index}-`.repeat(1_500)}`);
    const redact = createTextRedactor([], () => tokens);

    for (const token of tokens) expect(redact(`bad token ${token}`)).toBe("bad token [redacted]");
  });

  it("leaves no secret in a text, and does what replacing one after the other does", () => {
    const someSecrets = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "😀", ".", "["), maxLength: 12 }), {
      maxLength: 5,
    });
    const around = fc.string({ unit: fc.constantFrom("a", "b", "😀", ".") });

    fc.assert(
      fc.property(someSecrets, someSecrets, fc.array(around, { maxLength: 4 }), (secrets, tokens, texts) => {
        const text = texts.map((part, index) => part + ([...secrets, ...tokens][index] ?? "")).join("");
        const redacted = createTextRedactor(secrets, () => tokens)(text);
        expect(redacted).toBe(replacedInTurn([...secrets, ...tokens], text));
      }),
    );
  });
});

function replacedInTurn(secrets: readonly string[], text: string): string {
  return secrets
    .filter(({ length }) => length >= 6)
    .sort((left, right) => right.length - left.length)
    .reduce((redacted, secret) => redacted.split(secret).join("[redacted]"), text);
}
