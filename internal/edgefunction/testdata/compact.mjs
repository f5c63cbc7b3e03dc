// Prints a function as the tests in lambda/edge/tests run it: the arguments are its file and
// its settings.

import { renderCompact } from "../../../lambda/edge/tests/functions.mjs";

const [file, settings] = process.argv.slice(2);
process.stdout.write(renderCompact(file, JSON.parse(settings)));
