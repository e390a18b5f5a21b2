import { type SortedParametersScheme, signSortedParameters } from "../../signing/sorted-parameters.ts";
import type { EiotclubAccount } from "./index.ts";

const signatureScheme: SortedParametersScheme = {
  secretJoiner: "&secret=",
  digest: "sha1",
  letterCase: "upper",
  dropsEmpty: true,
};

/** Body of a call signed at a time (epoch milliseconds). Signed text and sent JSON come from the same values. */
export type SignParameters = (parameters: Readonly<Record<string, string>>, signedAt: number) => string;

/**
 * Signs with a fresh nonce each time it is called. No nonce repeats within one second, so that a server that
 * refuses replays stays content.
 */
export function createParameterSigner(
  account: Pick<EiotclubAccount, "appKey" | "secret">,
  random: () => number,
): SignParameters {
  const nextNonce = createNonceSource(random);
  return (parameters, signedAt) => {
    const timestamp = Math.floor(signedAt / 1000);
    const signed = { appkey: account.appKey, timestamp, nonce: nextNonce(timestamp), ...parameters };
    const sign = signSortedParameters(signed, account.secret.reveal(), signatureScheme);
    return JSON.stringify({ ...signed, sign });
  };
}

const lowestNonce = 10_000;
const highestNonce = 99_999;

function createNonceSource(random: () => number): (timestamp: number) => number {
  let currentSecond = 0;
  let used = new Set<number>();
  return (timestamp) => {
    if (timestamp !== currentSecond) {
      currentSecond = timestamp;
      used = new Set();
    }
    let nonce = lowestNonce + Math.floor(random() * (highestNonce - lowestNonce + 1));
    while (used.has(nonce) && used.size <= highestNonce - lowestNonce) {
      nonce = nonce === highestNonce ? lowestNonce : nonce + 1;
    }
    used.add(nonce);
    return nonce;
  };
}
