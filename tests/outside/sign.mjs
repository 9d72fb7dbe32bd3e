// Every GitHub example of every set, signed by GitHub's own library: one JSON line each.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { sign } from "@octokit/webhooks-methods";

const require = createRequire(import.meta.url);
const secret = process.argv[2];
const folder = dirname(require.resolve("@octokit/webhooks-examples/package.json"));
for (const set of readdirSync(folder).sort()) {
  const file = join(folder, set, "index.json");
  if (!existsSync(file)) continue;
  for (const kind of JSON.parse(readFileSync(file, "utf8"))) {
    for (const [index, example] of kind.examples.entries()) {
      const body = JSON.stringify(example);
      const line = { id: `${set}-${kind.name}-${index}`, event: kind.name, body, signature: await sign(secret, body) };
      process.stdout.write(JSON.stringify(line) + "\n");
    }
  }
}
