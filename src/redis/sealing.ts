import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync, scrypt } from "node:crypto";
import { bulkhead } from "cockatiel";

/** Makes what stands in Redis readable and writable only for who has an account's own secrets. */
export interface Sealing {
  /** Names the account in keys and tells nothing of its secrets: 22 characters of base64url. */
  readonly tag: string;
  /** @param place where it will stand (key, field, what stands beside it); it opens nowhere else */
  seal(text: string, place: string): Buffer;
  /** Null for whatever was not sealed with the same secrets for the same place. */
  open(sealed: Buffer, place: string): string | null;
}

/** Stands first in everything sealed. */
const version = 1;

const nonceLength = 12;
const markLength = 16;
const keyLength = 32;
const tagLength = 16;

/** 32 MiB and some 80 ms for each guess at a weak secret, and once for each account when we start. */
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };

/**
 * Half of the threads that Node looks names up with: a replica of many accounts could not connect anywhere while all of
 * them derive.
 */
const derivation = bulkhead(2, Number.POSITIVE_INFINITY);

/**
 * @param material the secrets, in any order. At least one
 * @param purpose whose and what for: the same secrets mean something else for another purpose
 */
export async function createSealing(material: readonly string[], purpose: string): Promise<Sealing> {
  const derived = await derivation.execute(() =>
    derive(JSON.stringify(material.toSorted()), `batch-task:${version}:${purpose}`),
  );
  const key = createSecretKey(derived.subarray(0, keyLength));
  // Asking the system for each nonce would cost more than the encryption.
  const pool = Buffer.alloc(256 * nonceLength);
  let nextNonce = pool.length;

  /** Random, because replicas that know nothing of each other use one key. It is good for 2^32 seals. */
  function takeNonce(): Buffer {
    if (nextNonce === pool.length) {
      randomFillSync(pool);
      nextNonce = 0;
    }
    nextNonce += nonceLength;
    return pool.subarray(nextNonce - nonceLength, nextNonce);
  }

  return {
    tag: derived.subarray(keyLength).toString("base64url"),
    seal(text, place) {
      const nonce = takeNonce();
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
      const head = Buffer.allocUnsafe(1 + nonceLength);
      head[0] = version;
      nonce.copy(head, 1);
      const body = cipher.update(text, "utf8");
      // A stream cipher: it has nothing left to say.
      cipher.final();
      return Buffer.concat([head, body, cipher.getAuthTag()]);
    },
    open(sealed, place) {
      const end = sealed.length - markLength;
      if (end < 1 + nonceLength || sealed[0] !== version) return null;
      const nonce = sealed.subarray(1, 1 + nonceLength);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: markLength })
        .setAAD(Buffer.from(place))
        .setAuthTag(sealed.subarray(end));
      const text = decipher.update(sealed.subarray(1 + nonceLength, end), undefined, "utf8");
      try {
        return text + decipher.final("utf8");
      } catch {
        return null;
      }
    },
  };
}

function derive(password: string, salt: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyLength + tagLength, cost, (error, derived) => (error ? reject(error) : resolve(derived)));
  });
}
