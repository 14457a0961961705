/**
 * The form of a series, drawn from its definition: a field for each credential, a choice where there
 * are several credential sets. It works without a script.
 */
import type { Credential, SeriesDefinition } from '#results/definition.ts';
import type { Html } from './html.ts';
import { NOTHING, markup } from './html.ts';
import type { CredentialField } from './shared/credential-check.js';
import { fixedLength } from './shared/credential-check.js';
import { fill } from './shared/words.js';
import type { Language, Texts } from './texts/texts.ts';

/** What was typed and what is wrong with it, when a form comes back. */
export interface FormState {
  readonly set: string;
  readonly values: Readonly<Record<string, string>>;
  /** Words, by the credential's name. */
  readonly errors: Readonly<Record<string, string>>;
}

/** A credential as the script needs it. */
export interface FieldData extends CredentialField {
  readonly example: string;
}

/** Fields of all sets, each once, in the order in which the sets name them. */
export function fieldsOf(definition: SeriesDefinition, language: Language): FieldData[] {
  const names = new Set(definition.credentialSets.flatMap((set) => set.credentials));
  return [...names].flatMap((name) => {
    const credential = definition.credentials[name];
    return credential === undefined ? [] : [fieldData(name, credential, language)];
  });
}

function fieldData(name: string, credential: Credential, language: Language): FieldData {
  return {
    name,
    title: credential.title[language],
    kind: credential.kind,
    example: credential.example,
    ...(credential.pattern === undefined ? {} : { pattern: credential.pattern }),
    ...(credential.documents === undefined ? {} : { documents: credential.documents }),
  };
}

/** The sets with their titles, such as "准考证号 + 姓名". */
export function setsOf(
  definition: SeriesDefinition,
  language: Language,
  texts: Texts,
): { name: string; title: string; credentials: readonly string[] }[] {
  return definition.credentialSets.map((set) => ({
    name: set.name,
    title: set.credentials
      .map((name) => definition.credentials[name]?.title[language] ?? '')
      .join(texts.form.and),
    credentials: set.credentials,
  }));
}

export interface FormView {
  readonly definition: SeriesDefinition;
  readonly language: Language;
  readonly texts: Texts;
  /** Where it is sent to. */
  readonly action: string;
  readonly state: FormState | undefined;
}

export function renderForm(view: FormView): Html {
  const { definition, language, texts, action, state } = view;
  const sets = setsOf(definition, language, texts);
  const chosen = sets.some((set) => set.name === state?.set) ? state?.set : sets[0]?.name;
  const radios =
    sets.length === 1
      ? markup`<input type="hidden" name="set" value="${chosen ?? ''}" />`
      : markup`${sets.map(
          (set, i) =>
            markup`<input
                type="radio"
                class="set"
                name="set"
                id="set-${i}"
                value="${set.name}"
                ${set.name === chosen ? markup` checked` : NOTHING}
              /><label for="set-${i}">${set.title}</label>`,
        )}`;
  const legend = sets.length === 1 ? NOTHING : markup`<legend>${texts.form.chooseSet}</legend>`;
  const fields = fieldsOf(definition, language).map((field) => {
    const without = sets.flatMap((set, i) => (set.credentials.includes(field.name) ? [] : [`not-${i}`]));
    return renderField(field, ['field', ...without].join(' '), texts, state);
  });
  const group =
    sets.length === 1
      ? markup`<div class="fields">${fields}</div>`
      : markup`<fieldset class="sets">
          ${legend}${radios}
          <div class="fields">${fields}</div>
        </fieldset>`;
  return markup`<form id="form" method="post" action="${action}" autocomplete="off" novalidate>
    ${sets.length === 1 ? radios : NOTHING}${group}
    <button type="submit" class="primary" id="submit">${texts.form.submit}</button>
  </form>`;
}

function renderField(field: FieldData, classes: string, texts: Texts, state: FormState | undefined): Html {
  const id = `f-${field.name}`;
  const error = state?.errors[field.name];
  const value = state?.values[field.name];
  const described = `h-${field.name} e-${field.name}`;
  return markup`<div class="${classes}">
    <label for="${id}">${field.title}</label>
    <input
      id="${id}"
      name="${field.name}"
      type="text"
      inputmode="${isDigitsOnly(field) ? 'numeric' : 'text'}"
      autocomplete="off"
      autocapitalize="${field.kind === 'person-name' ? 'words' : 'characters'}"
      autocorrect="off"
      spellcheck="false"
      enterkeyhint="search"
      aria-describedby="${described}"
      aria-required="true"
      ${error === undefined ? NOTHING : markup` aria-invalid="true"`}${value === undefined ? NOTHING : markup` value="${value}"`}
    />
    <p class="hint" id="h-${field.name}">${fill(texts.form.example, { example: field.example })}</p>
    <p class="error" id="e-${field.name}" aria-live="polite">${error ?? ''}</p>
  </div>`;
}

/** The keyboard of digits, only where nothing else can be needed: an identity number may end in X. */
function isDigitsOnly(field: FieldData): boolean {
  return field.kind !== 'identity-number' && fixedLength(field.pattern) !== undefined;
}
