import type { Token } from "../../http/credential-store.ts";
import type { CallAnswer, CallLimits } from "../provider.ts";

/** Where the tokens of one application come from. */
export interface TokenSource {
  /** The running token, or one that is fetched; waits no longer than the limits allow. Rejects never. */
  current(limits: CallLimits): Promise<TokenOrRefusal>;
  /** The upstream refused this token: another one is fetched if it is still the running one. */
  drop(tokenValue: string): void;
  /** The upstream refused this token and the endpoint hands out no other: nobody asks with it for a while. */
  giveUp(tokenValue: string, answer: CallAnswer): void;
}

/** A token, or what the call that needed it comes to without one. */
export type TokenOrRefusal = Token | { readonly refusal: CallAnswer };

/** What a call came to, and whether it was its token that the upstream did not like. */
export interface TokenCallAnswer {
  readonly answer: CallAnswer;
  readonly isTokenRefused: boolean;
}

/**
 * Makes a call that needs a token. A refused token is renewed once, and the call repeated once with the new one; not so
 * when the endpoint hands out the very token that was just refused, as it does while 30 minutes or more of it are left.
 *
 * The token is at hand before `send` is called: waiting for it is no part of an attempt, and must not keep the account's
 * rate, or the probe of its breaker, from calls that have theirs.
 */
export async function callWithToken(
  source: TokenSource,
  limits: CallLimits,
  ask: (tokenValue: string) => Promise<TokenCallAnswer>,
): Promise<CallAnswer> {
  const token = await source.current(limits);
  if ("refusal" in token) return token.refusal;
  const first = await ask(token.value);
  if (!first.isTokenRefused) return first.answer;

  source.drop(token.value);
  const renewed = await source.current(limits);
  if ("refusal" in renewed) return renewed.refusal;
  if (renewed.value === token.value) {
    source.giveUp(token.value, first.answer);
    return first.answer;
  }
  const second = await ask(renewed.value);
  if (second.isTokenRefused) source.drop(renewed.value);
  return second.answer;
}
