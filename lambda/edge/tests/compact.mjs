// The form in which the program deploys CloudFront Functions: see RenderCompact in package
// edgefunction, whose tests compare the two.

const WORD = /[\w$\u0080-\uffff]/;
const TOKENS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\w$\u0080-\uffff]+|[^]/g;

// separates reports whether white space between two characters keeps words or operators
// apart.
function separates(last, next) {
  return (WORD.test(last) && WORD.test(next)) || (last === next && next !== "" && "+-/".includes(next));
}

function shortNames(source) {
  const declared = [...source.matchAll(/^(?:function|const) ([A-Za-z_]+)/gm)].map(([, name]) => name);
  const own = declared.filter((name) => name !== "handler");
  return new Map(own.map((name, index) => [name, String.fromCharCode(65 + index)]));
}

function compactLine(line, names) {
  let code = "";
  const tokens = line.match(TOKENS);
  tokens.forEach((token, index) => {
    const last = code.at(-1) ?? "";
    const next = tokens[index + 1] ?? "";
    if (token === " " && !separates(last, next.charAt(0))) {
      return;
    }
    const member = last === "." || (next === ":" && ["{", ",", ""].includes(last));
    code += member ? token : (names.get(token) ?? token);
  });
  return code;
}

// compact shortens a rendered function, given its source.
export function compact(rendered, source) {
  const names = shortNames(source);
  let code = "";
  for (const line of rendered.split("\n")) {
    if (line.startsWith("const settings = ")) {
      code = `${code}\n${line}\nconst ${names.get("settings")}=settings;`.replace(/^\n/, "");
      continue;
    }
    const short = compactLine(line, names);
    if ("}])".includes(short[0])) {
      code = code.replace(/[,;]+$/, "");
    } else if (separates(code.at(-1) ?? "", short[0]) || (code && short.startsWith("function "))) {
      code += "\n";
    }
    code += short;
  }
  return code;
}
