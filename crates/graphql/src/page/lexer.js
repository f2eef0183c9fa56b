// The tokens of a document (GraphQL, 2.1). White space and commas are left out, `$name` and `@name` are one token each.

const TOKEN = new RegExp(
  [
    "(?<comment>#[^\\n\\r]*)",
    '(?<block>"""(?:\\\\"""|[^])*?(?:"""|$))',
    '(?<string>"(?:\\\\.|[^"\\\\\\n\\r])*"?)',
    "(?<spread>\\.\\.\\.)",
    "(?<name>[_A-Za-z]\\w*)",
    "(?<number>-?\\d[\\w.+-]*)",
    "(?<variable>\\$\\w*)",
    "(?<directive>@\\w*)",
    "(?<mark>[!&(){}[\\]:=|])",
    "(?<other>[^\\s,\\uFEFF])",
  ].join("|"),
  "g",
);

export function tokensOf(text) {
  return [...text.matchAll(TOKEN)].map((found) => {
    const kind = Object.keys(found.groups).find((name) => found.groups[name] !== undefined);
    return { kind, text: found[0], start: found.index, end: found.index + found[0].length };
  });
}

// Whether a token is typed letter by letter, so that the cursor behind it still belongs to it.
export const isWord = (token) => ["name", "number", "variable", "directive"].includes(token?.kind);
