// Runs functions as they are rendered: reads [{code, events}] and writes, for each, the
// functions' answers to the events.

import vm from "node:vm";

let text = "";
for await (const part of process.stdin) {
  text += part;
}
const answers = JSON.parse(text).map(({ code, events }) => {
  const context = vm.createContext({});
  vm.runInContext(code, context);
  return events.map((event) => {
    context.event = JSON.stringify(event);
    return JSON.parse(vm.runInContext(
      "(() => { const e = JSON.parse(event); e.request.rawQueryString = () => undefined; return JSON.stringify(handler(e)); })()", context));
  });
});
process.stdout.write(JSON.stringify(answers));
