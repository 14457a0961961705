/**
 * Which address may be loaded: a load test against somebody else's system is an attack, so everything but this
 * machine needs a person's word. By a pattern, because k6 has no URL class.
 */

/** Host and port, an optional path; nothing before an @, which could hide the real host. */
const BASE_URL = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?(\/[A-Za-z0-9._~/-]*)?$/;
const LOOPBACK = /^(?:localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[(?:::1|(?:0{1,4}:){7}0{0,3}1)\])$/i;

/**
 * The base URL without a slash at its end.
 *
 * @param owned somebody said that the target is theirs.
 * @param saySo how to say it, for the message: an option or a variable.
 * @throws Error when it is no such address, or is not this machine and nobody said that it is theirs.
 */
export function allowedTarget(url: string, owned: boolean, saySo: string): string {
  const match = BASE_URL.exec(url);
  if (match === null)
    throw new Error(
      'The target must be like http://127.0.0.1:8080 or https://host/path, without a login in it.',
    );
  if (!owned && !LOOPBACK.test(match[2] ?? ''))
    throw new Error(
      `The target is not this machine: a load test can take a system down. If it is yours to load, say so with ${saySo}.`,
    );
  return url.replace(/\/+$/, '');
}
