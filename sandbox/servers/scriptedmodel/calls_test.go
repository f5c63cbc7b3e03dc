package scriptedmodel

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	weatherTool = `{"type":"function","function":{"name":"get_weather","description":"Get the current weather of a city","parameters":` +
		`{"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["city"]}}}`
	timeTool = `{"type":"function","function":{"name":"get_time","description":"Get the local time in a place","parameters":` +
		`{"type":"object","properties":{"place":{"type":"string"}},"required":["place"]}}}`
	adderTool = `{"type":"function","function":{"name":"my_adder_tool","description":"Takes two integers, a and b, and returns their sum.","parameters":` +
		`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"]}}}`
	magicTool = `{"type":"function","function":{"name":"magic_function","description":"Apply a magic function to an input.","parameters":` +
		`{"type":"object","properties":{"input":{"type":"integer"}},"required":["input"]}}}`
	magicPlain  = `{"type":"function","function":{"name":"magic_function_no_args","description":"Calculate a magic function.","parameters":{"type":"object","properties":{}}}}`
	degreesTool = `{"type":"function","function":{"name":"answer","description":"Gives the answer to the user.","parameters":` +
		`{"type":"object","properties":{"degrees":{"type":"integer"}},"required":["degrees"]}}}`
	bareTool = `{"type":"function","function":{"name":"ping"}}`
)

// asking returns a request with one message of the user, and other members.
func asking(text, members string) string {
	encoded, _ := json.Marshal(text)
	if members != "" {
		members = "," + members
	}
	return fmt.Sprintf(`{"model":"echo","messages":[{"role":"user","content":%s}]%s}`, encoded, members)
}

func toolsOf(tools ...string) string { return `"tools":[` + strings.Join(tools, ",") + `]` }

// callsOf returns the calls of a reply, as name(arguments).
func callsOf(r reply) string {
	var all []string
	for _, c := range r.Choices[0].Message.ToolCalls {
		all = append(all, c.Function.Name+c.Function.Arguments)
	}
	return strings.Join(all, " ")
}

func TestCalls(t *testing.T) {
	both := toolsOf(weatherTool, timeTool)
	for name, test := range map[string]struct{ body, want string }{
		"what the text asks for":     {asking("What's the weather in Paris?", both), `get_weather{"city":"Paris"}`},
		"with an optional argument":  {asking("Weather in Oslo in celsius", both), `get_weather{"city":"Oslo","unit":"celsius"}`},
		"one for each":               {asking("What is the weather in Paris and in London?", both), `get_weather{"city":"Paris"} get_weather{"city":"London"}`},
		"a list":                     {asking("Weather in Paris, London and Rome", both), `get_weather{"city":"Paris"} get_weather{"city":"London"} get_weather{"city":"Rome"}`},
		"two tools":                  {asking("Tell me the weather and the time in Bergen", both), `get_weather{"city":"Bergen"} get_time{"place":"Bergen"}`},
		"one at a time":              {asking("Weather in Paris and London", both+`,"parallel_tool_calls":false`), `get_weather{"city":"Paris"}`},
		"none for another question":  {asking("Hello there", both), ``},
		"none if so chosen":          {asking("Weather in Paris", both+`,"tool_choice":"none"`), ``},
		"one if required":            {asking("Hello!", both+`,"tool_choice":"required"`), `get_weather{"city":"Hello!"}`},
		"the one that is chosen":     {asking("Hello!", both+`,"tool_choice":{"type":"function","function":{"name":"get_time"}}`), `get_time{"place":"Hello!"}`},
		"by name":                    {asking("What is the value of magic_function(3)? Use the tool.", toolsOf(magicTool, magicPlain)), `magic_function{"input":3}`},
		"by the longer name":         {asking("What is the value of magic_function_no_args()?", toolsOf(magicTool, magicPlain)), `magic_function_no_args{}`},
		"arithmetic":                 {asking("What is 3 + 4", toolsOf(adderTool)), `my_adder_tool{"a":3,"b":4}`},
		"without parameters":         {asking("ping", toolsOf(bareTool)), `ping{}`},
		"cut by the limit of tokens": {asking("Weather in Paris", both+`,"max_tokens":2`), ``},
	} {
		t.Run(name, func(t *testing.T) {
			r := complete(t, test.body)
			if got := callsOf(r); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			want := map[bool]string{true: "tool_calls", false: "stop"}[test.want != ""]
			if strings.Contains(test.body, "max_tokens") {
				want = "length"
			}
			if got := r.Choices[0].FinishReason; got != want {
				t.Errorf("finish_reason %q, want %q", got, want)
			}
		})
	}
}

// conversation returns a request whose messages are a question, calls of tools, and what
// follows.
func conversation(question, calls, rest, members string) string {
	return fmt.Sprintf(`{"model":"echo",%s,"messages":[{"role":"user","content":%q},{"role":"assistant","content":null,"tool_calls":[%s]},%s]}`,
		members, question, calls, rest)
}

func call(id, name, arguments string) string {
	encoded, _ := json.Marshal(arguments)
	return fmt.Sprintf(`{"id":%q,"type":"function","function":{"name":%q,"arguments":%s}}`, id, name, encoded)
}

func result(id, content string) string {
	return fmt.Sprintf(`{"role":"tool","tool_call_id":%q,"content":%q}`, id, content)
}

func TestResults(t *testing.T) {
	paris := call("c1", "get_weather", `{"city": "Paris"}`)
	both := toolsOf(weatherTool, timeTool)
	for name, test := range map[string]struct{ body, want string }{
		"the result is told":    {conversation("Weather in Paris?", paris, result("c1", "sunny"), both), "get_weather returned: sunny"},
		"a failure is told":     {conversation("Weather in Paris?", paris, result("c1", "Error: no such city"), both), "get_weather failed: Error: no such city"},
		"without tools":         {conversation("Weather in Paris?", paris, result("c1", "sunny"), `"n":1`), "get_weather returned: sunny"},
		"what is left is asked": {conversation("Weather in Paris and London?", paris, result("c1", "sunny"), both), `get_weather{"city":"London"}`},
		"a required call":       {conversation("Weather in Paris?", paris, result("c1", "sunny"), toolsOf(weatherTool)+`,"tool_choice":"required"`), `get_weather{"city":"Paris"}`},
		"a tool for the answer": {
			conversation("Weather in Paris?", paris, result("c1", "18 degrees"), toolsOf(weatherTool, degreesTool)+`,"tool_choice":"required"`), `answer{"degrees":18}`,
		},
		"results of several calls": {
			conversation("Weather and time in Paris?", paris+","+call("c2", "get_time", `{}`), result("c1", "sunny")+","+result("c2", "noon"), both),
			"get_weather returned: sunny\nget_time returned: noon",
		},
		"a new question":        {conversation("Weather in Paris?", paris, result("c1", "sunny")+`,{"role":"user","content":"Thanks a lot"}`, both), "Thanks a lot"},
		"the same once more":    {conversation("Weather in Paris?", paris, result("c1", "sunny")+`,{"role":"user","content":"Weather in Paris again?"}`, both), `get_weather{"city":"Paris"}`},
		"an answer with a form": {conversation("Weather in Paris?", paris, result("c1", "18 degrees"), both+`,"response_format":{"type":"json_schema","json_schema":{"name":"w","schema":`+objectOf(`"degrees":{"type":"integer"}`)+`}}`), `{"degrees":18}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := complete(t, test.body)
			if got := callsOf(r) + r.Choices[0].Message.Content; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
