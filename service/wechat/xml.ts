/**
 * The two shapes of XML that go between WeChat and us: a flat list of elements in `<xml>`. Read by sax in
 * its strict mode, which knows the five entities of XML and character references and nothing else;
 * document types, where other entities could come from, are refused.
 */
import sax from 'sax';

/** A message has some ten elements, an event with a scan or a place some twenty. */
const MOST_ELEMENTS = 64;
const MOST_DEPTH = 8;

/** Text of the elements directly in `<xml>`, by their names; undefined when it is not well-formed. */
export function readXml(text: string): ReadonlyMap<string, string> | undefined {
  // The option is in sax's README and not in its types.
  const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions);
  const values = new Map<string, string>();
  let depth = 0;
  let elements = 0;
  let name = '';
  let value = '';
  const take = (piece: string): void => {
    if (depth === 2) value += piece;
  };
  // Without a handler for errors the parser keeps the first, and close() throws it.
  Object.assign(parser, {
    ontext: take,
    oncdata: take,
    ondoctype: () => refuse('a document type'),
    onprocessinginstruction: (instruction: { name: string }) => {
      if (instruction.name !== 'xml') refuse('a processing instruction');
    },
    onopentag: (tag: { name: string }) => {
      depth += 1;
      elements += 1;
      if (depth > MOST_DEPTH || elements > MOST_ELEMENTS) refuse('too much');
      if (depth === 1 && (elements > 1 || tag.name !== 'xml')) refuse('another root');
      if (depth === 2) [name, value] = [tag.name, ''];
    },
    onclosetag: () => {
      if (depth === 2) {
        if (values.has(name)) refuse('an element twice');
        values.set(name, value.trim());
      }
      depth -= 1;
    },
  });
  try {
    parser.write(text).close();
  } catch {
    // The error may quote the message: it goes nowhere.
    return undefined;
  }
  return elements > 0 && depth === 0 ? values : undefined;
}

/** Leaves the parser; readXml catches it. */
function refuse(why: string): never {
  throw new Error(why);
}

/** Text as WeChat's own messages have it; `]]>` would end it. */
export function cdata(text: string): string {
  // What XML 1.0 cannot hold at all is left out.
  const clean = text.replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '');
  return `<![CDATA[${clean.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
}
