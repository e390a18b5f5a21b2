/** The caller of the sandbox asked for something that does not exist or cannot be; the message says what would do. */
export class SandboxUsageError extends Error {
  override readonly name = "SandboxUsageError";
}
