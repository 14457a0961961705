// @ts-check
/// <reference lib="dom" />
/**
 * The form's fields: what is typed in them, and the words under them.
 */
import { checkCredential, fixedLength } from '../shared/credential-check.js';
import { fill } from '../shared/words.js';
import { byId } from './elements.js';

const BLUR_DELAY_MS = 300;

/**
 * @typedef {import('../shared/credential-check.js').CredentialField & { example: string }} FieldData
 * @typedef {{ name: string, title: string, credentials: string[] }} SetData
 * @typedef {object} Fields
 * @property {() => { credentials: Record<string, string>, faults: number, firstFault: HTMLInputElement | undefined }} read
 *   the chosen set's credentials, with the words for their faults put under them.
 * @property {(name: unknown, fault: unknown) => void} fault puts the words for a fault that the service found under a field.
 * @property {() => void} focus
 * @property {(locked: boolean) => void} lock
 * @property {() => void} clear
 */

/**
 * @param {HTMLFormElement} form
 * @param {FieldData[]} all
 * @param {SetData[]} sets
 * @param {import('../texts/texts.ts').Texts} texts
 * @returns {Fields}
 */
export function makeFields(form, all, sets, texts) {
  const wordsFor = (/** @type {FieldData} */ field, /** @type {string} */ fault) =>
    fill(texts.faults[/** @type {keyof typeof texts.faults} */ (fault)], { title: field.title });
  /** The hint: an example, or how far one is, or what the typed text was taken for. */
  const hint = (/** @type {FieldData} */ field) => {
    const { value: raw } = inputOf(field.name);
    const place = byId(`h-${field.name}`);
    const { value, fault } = checkCredential(field, raw);
    const length = fixedLength(field.pattern);
    place.className = 'hint';
    if (raw === '') place.textContent = fill(texts.form.example, { example: field.example });
    else if (fault === undefined && field.kind !== 'person-name') {
      place.className = 'hint good';
      place.textContent = value === raw ? texts.form.checked : fill(texts.form.clean, { value });
    } else if (length !== undefined)
      place.textContent = fill(texts.form.typed, { typed: value.length, length });
    else place.textContent = fill(texts.form.example, { example: field.example });
  };

  for (const field of all) {
    const input = inputOf(field.name);
    input.addEventListener('input', () => {
      setError(field.name, '');
      hint(field);
    });
    // Said when the field is left, not while it is being typed in; and a moment later, because words that
    // push the button away from under the finger swallow the tap that left the field.
    input.addEventListener('blur', () => {
      setTimeout(() => {
        if (input.value === '' || input.readOnly || document.activeElement === input) return;
        const { fault } = checkCredential(field, input.value);
        if (fault !== undefined) setError(field.name, wordsFor(field, fault));
      }, BLUR_DELAY_MS);
    });
  }

  const chosenSet = () => {
    const chosen = form.querySelector('input[name=set]:checked');
    const name = chosen instanceof HTMLInputElement ? chosen.value : undefined;
    return sets.filter((set) => set.name === name)[0] || sets[0];
  };

  return {
    read: () => {
      /** @type {Record<string, string>} */
      const credentials = {};
      let faults = 0;
      /** @type {HTMLInputElement | undefined} */
      let firstFault;
      const set = chosenSet();
      for (const name of set === undefined ? [] : set.credentials) {
        const field = all.filter((one) => one.name === name)[0];
        if (field === undefined) continue;
        const input = inputOf(name);
        const { value, fault } = checkCredential(field, input.value);
        setError(name, fault === undefined ? '' : wordsFor(field, fault));
        credentials[name] = value;
        if (fault === undefined) continue;
        faults += 1;
        firstFault = firstFault || input;
      }
      return { credentials, faults, firstFault };
    },
    fault: (name, fault) => {
      const field = all.filter((one) => one.name === name)[0];
      if (field === undefined) return;
      const code = typeof fault === 'string' && fault in texts.faults ? fault : 'pattern-mismatch';
      setError(field.name, wordsFor(field, code));
      inputOf(field.name).focus();
    },
    focus: () => {
      const set = chosenSet();
      const name = set === undefined ? undefined : set.credentials[0];
      if (name !== undefined) inputOf(name).focus();
    },
    lock: (locked) => {
      for (const field of all) inputOf(field.name).readOnly = locked;
      const radios = form.querySelectorAll('input[type=radio]');
      for (let i = 0; i < radios.length; i += 1) {
        const radio = radios[i];
        if (radio instanceof HTMLInputElement) radio.disabled = locked;
      }
    },
    clear: () => {
      for (const field of all) {
        inputOf(field.name).value = '';
        setError(field.name, '');
        hint(field);
      }
    },
  };
}

/** @param {string} name */
function inputOf(name) {
  return /** @type {HTMLInputElement} */ (byId(`f-${name}`));
}

/**
 * @param {string} name
 * @param {string} words empty for none.
 */
function setError(name, words) {
  const input = inputOf(name);
  byId(`e-${name}`).textContent = words;
  if (words === '') input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
}
