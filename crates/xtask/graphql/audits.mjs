// Runs the audits of the npm package `graphql-http` against the URL of the first argument. Every MUST and SHOULD has to hold; what MAY be is told.
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, folder] = process.argv.slice(2);
// The audits alone: the package's other parts need GraphQL's own library.
const audits = createRequire(import.meta.url)(join(folder, "node_modules/graphql-http/lib/audits/server.js"));

let failed = 0;
let passed = 0;
for (const audit of audits.serverAudits({ url })) {
  const result = await audit.fn();
  if (result.status === "ok") {
    passed += 1;
    continue;
  }
  const counts = /^(MUST|SHOULD)/.test(audit.name);
  failed += counts ? 1 : 0;
  console.log(`${counts ? "FAILED" : "note"}: ${audit.id} ${audit.name}: ${result.reason}`);
}
console.log(`${passed} audits hold`);
if (failed > 0 || passed === 0) process.exit(1);
