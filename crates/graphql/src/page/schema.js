// The schema, as introspection tells it.

const INTROSPECTION = `query Introspection { __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  directives { name description locations args { ...Input } }
  types { name kind description
    fields(includeDeprecated: true) { name description isDeprecated deprecationReason args { ...Input } type { ...Type } }
    inputFields { ...Input } enumValues(includeDeprecated: true) { name description isDeprecated }
    interfaces { name } possibleTypes { name } } } }
fragment Input on __InputValue { name description defaultValue type { ...Type } }
fragment Type on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }`;

export class Schema {
  constructor({ types, directives, queryType, mutationType, subscriptionType }) {
    this.types = new Map(types.map((type) => [type.name, type]));
    this.directives = new Map(directives.map((directive) => [directive.name, directive]));
    this.roots = { query: queryType?.name, mutation: mutationType?.name, subscription: subscriptionType?.name };
  }

  // Asks for it by `ask`, which sends a request and answers its body.
  static async load(ask) {
    const answer = await ask({ query: INTROSPECTION });
    if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? "the answer has no data");
    return new Schema(answer.data.__schema);
  }

  type(name) {
    return this.types.get(name);
  }

  root(operation) {
    return this.type(this.roots[operation]);
  }

  // A field of a type, those of the specification itself among them (GraphQL, 4.1).
  field(type, name) {
    return this.fields(type).find((field) => field.name === name);
  }

  fields(type) {
    const own = type?.fields ?? [];
    const typename = { name: "__typename", args: [], type: NAME, description: "The name of the type." };
    if (type?.name !== this.roots.query) return [...own, typename];
    const schema = { name: "__schema", args: [], type: named("__Schema"), description: "The schema itself." };
    const args = [{ name: "name", type: NAME }];
    return [...own, typename, schema, { name: "__type", args, type: named("__Type"), description: "A type of the schema." }];
  }

  // The types that a fragment within a type can be on.
  overlapping(type) {
    const possible = (of) => new Set([of.name, ...(of.possibleTypes ?? []).map((one) => one.name)]);
    const own = type && possible(type);
    const composite = [...this.types.values()].filter((other) => isComposite(other) && !other.name.startsWith("__"));
    return own ? composite.filter((other) => [...possible(other)].some((name) => own.has(name))) : composite;
  }

  inputs() {
    return [...this.types.values()].filter((type) => ["SCALAR", "ENUM", "INPUT_OBJECT"].includes(type.kind));
  }
}

const named = (name) => ({ kind: "OBJECT", name });
const NAME = { kind: "NON_NULL", ofType: { kind: "SCALAR", name: "String" } };

export const isComposite = (type) => ["OBJECT", "INTERFACE", "UNION"].includes(type?.kind);

export const textOf = (type) =>
  type.kind === "NON_NULL" ? `${textOf(type.ofType)}!` : type.kind === "LIST" ? `[${textOf(type.ofType)}]` : type.name;

export const innerOf = (type) => (type?.ofType ? innerOf(type.ofType) : type);

// The type of a list's elements; any other type stands for itself, since one value stands for a list of it.
export const elementOf = (type) =>
  type?.kind === "NON_NULL" ? elementOf(type.ofType) : type?.kind === "LIST" ? type.ofType : type;
