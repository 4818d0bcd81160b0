/** User name and password beside a URL: as they are, so that a secret need not be written the way URLs want it. */
import { text } from './kinds.ts';
import { optional } from './setting.ts';

interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** The settings; `url` is the key of that URL. */
export function credentials(url: string) {
  return {
    username: optional(
      text('a text', isFilled),
      `Name of the user, in no special spelling; instead of the one in ${url}.`,
      { example: 'tmf-hub' },
    ),
    password: optional(
      text('a text (in quotes when it is all digits)', isFilled),
      `Password of the user, in no special spelling; instead of the one in ${url}. Better by reference or in the environment than in a file.`,
      { example: 'a-long-random-text', secret: true },
    ),
  };
}

/** The URL with what is given in place of its own; percent-encoded as UTF-8. Throws for a `url` that is none. */
export function withCredentials(url: string, { username, password }: Credentials): string {
  if (username === undefined && password === undefined) return url;
  const whole = new URL(url);
  // Its setters leave "%" as it is.
  if (username !== undefined) whole.username = encodeURIComponent(username);
  if (password !== undefined) whole.password = encodeURIComponent(password);
  return whole.toString();
}

/** Does a value of any type, the one of the setting or what stands in the URL, name a user or a password? */
export function isGiven(part: 'username' | 'password', setting: unknown, url: unknown): boolean {
  return setting !== undefined || (typeof url === 'string' && (URL.parse(url)?.[part] ?? '') !== '');
}

/** Half a character, which only YAML can write, has no place in a URL. */
function isFilled(value: string): boolean {
  return value !== '' && value.isWellFormed();
}
