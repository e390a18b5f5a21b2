import type { AccessKey } from "./huawei-signature.ts";

/** A project as IAM lists it. A subproject has its own id and a name that begins with its region's. */
export interface HuaweiProject {
  readonly id: string;
  readonly name: string;
  readonly region: string;
}

/** Who exists in the emulated cloud. Everything here is made up, except that the first project is the documents' own. */
export const huaweiRegion = "cn-north-4";

export const mainProject: HuaweiProject = {
  id: "054ba152d480d55b2f5dc0069e7ddef0",
  name: huaweiRegion,
  region: huaweiRegion,
};

export const subProject: HuaweiProject = {
  id: "7c1f09a36be04d2c8f52d1e0b3a94c66",
  name: `${huaweiRegion}_analytics`,
  region: huaweiRegion,
};

export const foreignRegionProject: HuaweiProject = {
  id: "b8e6a1d94f7340c2a05e93c17d2f4b10",
  name: "eu-west-101",
  region: "eu-west-101",
};

export const huaweiProjects: readonly HuaweiProject[] = [mainProject, subProject, foreignRegionProject];

export const huaweiDomain = { id: "d78cbac186b744899480f25bd022f468", name: "sandbox-domain" };

export const huaweiUser = {
  id: "7116d09f88fa41908676fdd4b039e95b",
  name: "task-reader",
  password: "sandbox-iam-password-3Qm9fWxT7uLzR2vKpE8s",
};

export const sparkAccessKey = "SANDBOXAKSPARK000001";
export const replicationAccessKey = "SANDBOXAKREPLIC00001";
export const temporaryAccessKey = "SANDBOXAKTEMPOR00001";

export const huaweiAccessKeys: ReadonlyMap<string, AccessKey> = new Map([
  [sparkAccessKey, { secretKey: "sandbox-sk-spark-Hq4Zt8yWn1Xc6Vb3Km9Ls2Pd7Rf" }],
  [replicationAccessKey, { secretKey: "sandbox-sk-replication-Ju5Gx0oQe8Ta4Nw7Bi1Yk6" }],
  [
    temporaryAccessKey,
    {
      secretKey: "sandbox-sk-temporary-Dv3Sm9hCz7Lp2Wr5Ft8Ea1Qn",
      securityToken: "sandbox-security-token-Kx6Pb1tUo9Yf4Jg8Zi2Mw7Vc3",
    },
  ],
]);

/** The `auth` of an account that fetches IAM tokens. */
export function passwordAuth(iamUrl: string): Readonly<Record<string, string>> {
  return { iamUrl, domain: huaweiDomain.name, user: huaweiUser.name, password: huaweiUser.password };
}

/** The `auth` of an account that signs its requests with a permanent key. */
export function signingAuth(accessKey: string): Readonly<Record<string, string>> {
  return { accessKey, secretKey: huaweiAccessKeys.get(accessKey)?.secretKey ?? "" };
}
