import { inspect } from "node:util";

const placeholder = "[secret]";

/** A configured secret: it shows itself only to whoever asks for it by name, never to a log line, JSON or an error text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return placeholder;
  }

  toJSON(): string {
    return placeholder;
  }

  [inspect.custom](): string {
    return placeholder;
  }
}
