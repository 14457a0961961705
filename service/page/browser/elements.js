// @ts-check
/// <reference lib="dom" />
/**
 * An element that the service always writes into the page.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}
