import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Provider } from "../../src/providers/provider.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { testAnswers } from "./contract-answers.ts";
import { testDefinition } from "./contract-definition.ts";
import { testFailures } from "./contract-failures.ts";

const root = join(import.meta.dirname, "../..");

/** What step 1 to 4 of "Add a provider" in the README put there. */
const placesOf = ({ id }: Provider): readonly string[] => [
  `src/providers/${id}/index.ts`,
  `src/providers/${id}/README.md`,
  `schema/providers/${id}.graphql`,
  `src/sandbox/upstreams/${id}.ts`,
];

/**
 * Tests what every provider promises to the rest of the service. It knows of none in particular: the far side is the
 * emulated upstream of the provider's name, its accounts and its tasks.
 *
 * @param sandbox its clock has to stand still at `testStartAt`
 */
export function testProviderContract(provider: Provider, sandbox: Sandbox): void {
  describe(`the provider ${provider.id}`, () => {
    it.each(placesOf(provider))("has its place %s", (place) => {
      const message = `${place} must exist: the folder and files of a provider are named as its id.`;

      expect(existsSync(join(root, place)), message).toBe(true);
    });

    it("has an account and tasks in the sandbox, without which nothing here is tested", () => {
      const accounts = Object.values(sandbox.accounts()).filter((entry) => entry.provider === provider.id);
      const message = `src/sandbox/upstreams/${provider.id}.ts must offer an account whose provider is ${provider.id}`;

      expect(accounts, message).not.toHaveLength(0);
      expect(sandbox.upstream(provider.id).tasks(), `${message}, and tasks that it can read`).not.toHaveLength(0);
    });

    testDefinition(provider, sandbox);
    testAnswers(provider, sandbox);
    testFailures(provider, sandbox);
  });
}
