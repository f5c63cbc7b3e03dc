// The page. Text of the API is set with textContent alone, and the key is in a variable.

const prefix = prefixOf(location.pathname);
const element = (id) => document.getElementById(id);

const state = {
  key: "",
  history: [], // messages of the turns that have an answer
  streams: true, // until the API says that it streams nothing
  underway: null, // the AbortController of the answer under way
  connecting: false,
};

// call sends a request to the API. Its key goes to this origin alone: a redirect is an error.
function call(path, options = {}) {
  const headers = new Headers(options.headers);
  if (state.key) headers.set("authorization", `Bearer ${state.key}`);
  return fetch(prefix + path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
}

// Failed is an error with a problem of the API.
class Failed extends Error {
  constructor(problem) {
    super(problem.title);
    this.problem = problem;
  }
}

async function failedWith(response) {
  return new Failed(problemIn(response.status, response.headers, await response.text()));
}

async function getJSON(path) {
  const response = await call(path);
  if (!response.ok) throw await failedWith(response);
  const value = objectIn(await response.text());
  if (!value) throw new Failed(problemIn(0, response.headers, ""));
  return value;
}

function show(error) {
  element("error").textContent = error instanceof Failed ? problemText(error.problem) : `The request failed: ${error.message}`;
}

function showNothing() {
  element("error").textContent = "";
}

async function connect() {
  if (state.connecting) return;
  showNothing();
  const given = element("key").value.trim();
  if (!isSendable(given)) {
    element("error").textContent = "The key has characters that no key has. Copy it again.";
    return;
  }
  forget();
  state.key = given;
  state.connecting = true;
  try {
    showModels((await getJSON("/models")).data);
    element("key").value = "";
    showKey();
    ready();
    element("question").focus();
    announce("Connected.");
    await refreshBudget();
  } catch (error) {
    state.key = "";
    show(error);
    element("key").focus();
  } finally {
    state.connecting = false;
  }
}

// forget ends the use of the key. The conversation stays on the page.
function forget() {
  state.underway?.abort();
  state.key = "";
  showKey();
  showModels([]);
  element("budget").textContent = "not known yet";
  ready();
}

// showKey shows whether there is a key, which is no longer in its field then.
function showKey() {
  element("key").placeholder = state.key ? "a key is in use" : "sk-gth_…";
  element("forget").disabled = !state.key;
}

function showModels(models) {
  const options = models.map(({ id, default: chosen }) => new Option(id, id, chosen, chosen));
  element("model").replaceChildren(...(options.length > 0 ? options : [new Option("Connect first", "")]));
}

async function refreshBudget() {
  try {
    element("budget").textContent = budgetText((await getJSON("/usage?days=1")).budget);
  } catch (error) {
    const open = error instanceof Failed && error.problem.status === 404; // the API has no clients
    element("budget").textContent = open ? "this API has no budgets" : "not known";
  }
}

// ready enables what can be done now.
function ready() {
  const connected = element("model").value !== "";
  const busy = state.underway !== null;
  element("model").disabled = !connected;
  element("question").disabled = !connected;
  element("send").disabled = !connected || busy;
  element("stop").disabled = !busy;
  element("clear").disabled = busy || element("turns").childElementCount === 0;
  element("empty").hidden = element("turns").childElementCount > 0;
}

function announce(text) {
  element("announcement").textContent = text;
}

// addTurn adds a message to the page, and returns its parts.
function addTurn(speaker, text, own) {
  const item = document.createElement("li");
  const [name, content, note] = ["speaker", "text", "note"].map((kind) => {
    const part = document.createElement("p");
    part.className = kind;
    return part;
  });
  item.className = own ? "own" : "pending";
  name.textContent = speaker;
  content.textContent = text;
  item.append(name, content, note);
  element("turns").append(item);
  return { item, content, note };
}

// addNote adds a line below an answer.
function addNote(turn, text, bad) {
  const note = turn.note.textContent === "" ? turn.note : turn.note.cloneNode(false);
  note.className = bad ? "note bad" : "note";
  note.textContent = text;
  turn.item.append(note);
}

const atBottom = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 60;

async function ask() {
  const question = element("question").value;
  if (question.trim() === "" || state.underway || element("model").value === "") return;
  showNothing();
  const controller = new AbortController();
  state.underway = controller;
  element("question").value = "";
  const model = element("model").value;
  const asked = addTurn("You", question, true);
  const turn = addTurn(model, "", false);
  ready();
  scrollTo(0, document.documentElement.scrollHeight);

  const answer = new Answer();
  const times = { began: performance.now(), first: null, total: 0 };
  const update = () => {
    if (answer.text !== "") times.first ??= performance.now() - times.began;
    const follow = atBottom();
    turn.content.textContent = answer.text;
    if (follow) scrollTo(0, document.documentElement.scrollHeight);
  };
  let failure = null;
  try {
    await request(requestBody(model, state.history, question, state.streams), controller.signal, answer, update);
  } catch (error) {
    failure = error;
  }
  times.total = performance.now() - times.began;
  state.underway = null;
  turn.item.classList.remove("pending");
  state.history = historyAfter(state.history, question, answer.text);
  report(turn, asked, question, answer, times, controller.signal.aborted, failure);
  ready();
  await refreshBudget();
}

// request sends the conversation, and reads the answer. It asks again without stream if the
// API streams nothing.
async function request(body, signal, answer, update) {
  const response = await call("/chat/completions", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal,
  });
  const left = headerBudgetText(response.headers.get("x-gatehouse-budget-left"));
  if (left) element("budget").textContent = left;
  if (!response.ok) {
    const failed = await failedWith(response);
    if (!body.stream || !needsWhole(failed.problem)) throw failed;
    state.streams = false;
    const { stream, stream_options: options, ...whole } = body;
    return request(whole, signal, answer, update);
  }
  if (/^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "")) {
    await readStream(response.body, answer, update);
  } else {
    answer.addWhole(await response.text());
    update();
  }
}

// report shows how an answer ended. A question without an answer goes back to where it was
// written.
function report(turn, asked, question, answer, times, stopped, failure) {
  if (answer.text === "" && (failure || answer.failure || !answer.done)) {
    asked.item.remove();
    turn.item.remove();
    if (element("question").value === "") element("question").value = question;
    if (stopped) announce("Stopped.");
    else if (failure) show(failure);
    else element("error").textContent = endText(answer, false, "");
    return;
  }
  const end = endText(answer, stopped, failure?.message);
  addNote(turn, measureText(times, answer.usage), false);
  if (end) addNote(turn, end, true);
  if (end && !stopped) element("error").textContent = end;
  announce(stopped ? `${answer.text}\nStopped.` : answer.text);
}

element("access").addEventListener("submit", (event) => {
  event.preventDefault();
  connect();
});
element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
element("forget").addEventListener("click", () => {
  forget();
  element("key").focus();
  announce("The key is forgotten.");
});
element("clear").addEventListener("click", () => {
  state.history = [];
  element("turns").replaceChildren();
  showNothing();
  ready();
  element("question").focus();
  announce("A new conversation.");
});
element("stop").addEventListener("click", () => {
  state.underway?.abort();
  element("question").focus();
});
element("question").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") state.underway?.abort();
});
element("key").value = ""; // which browsers may restore after a reload
ready();
