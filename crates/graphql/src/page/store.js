// What this browser keeps: the document and the variables, and what was run before. Headers are not kept, since they have tokens in them.

const PREFIX = "graphql.";
const MAX_RUNS = 50;

export function kept(name, otherwise = "") {
  return localStorage.getItem(PREFIX + name) ?? otherwise;
}

export function keep(name, text) {
  try {
    localStorage.setItem(PREFIX + name, text);
  } catch {
    // There is no room. It is a convenience and no more.
  }
}

// What was run, the last first: `{query, variables, operation, at}`.
export function runs() {
  try {
    return JSON.parse(kept("runs", "[]"));
  } catch {
    return [];
  }
}

export function noteRun(run) {
  const isSame = (other) => ["query", "variables", "operation"].every((part) => other[part] === run[part]);
  const others = runs().filter((other) => !isSame(other));
  keep("runs", JSON.stringify([{ ...run, at: Date.now() }, ...others].slice(0, MAX_RUNS)));
}

export function forgetRuns() {
  keep("runs", "[]");
}
