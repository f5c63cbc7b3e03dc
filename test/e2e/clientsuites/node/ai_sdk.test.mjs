// The AI SDK with its provider for servers that speak OpenAI's API.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, generateObject, generateText, Output, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';
import { BLUE, KEY, streaming, target } from './target.mjs';

const settings = { name: 'gatehouse', baseURL: target.url, apiKey: KEY };
const withSchemas = createOpenAICompatible({ ...settings, supportsStructuredOutputs: true });
const counting = createOpenAICompatible({ ...settings, includeUsage: true });
const withoutSchemas = createOpenAICompatible(settings);
const ask = { model: withSchemas(target.chat), maxRetries: 0 };
const person = z.object({ name: z.string(), age: z.number().int() });

const weather = tool({
  description: 'Get the current weather of a city',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, weather: 'sunny' }),
});

test('generateText', async () => {
  const { text, usage, finishReason } = await generateText({ ...ask, prompt: 'Hello', system: 'Be brief.' });
  assert.ok(text);
  assert.equal(finishReason, 'stop');
  assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0);
});

test('tools in several steps', async () => {
  const { text, steps } = await generateText({
    ...ask,
    prompt: 'What is the weather in Paris?',
    tools: { get_weather: weather },
    stopWhen: stepCountIs(3),
  });
  assert.deepEqual(steps[0].toolCalls.map((call) => call.input), [{ city: 'Paris' }]);
  assert.match(text, /sunny/);
});

test('generateObject with a schema', async () => {
  const { object } = await generateObject({ ...ask, schema: person, prompt: 'Alice is 30' });
  assert.deepEqual(object, { name: 'Alice', age: 30 });
});

test('generateObject with a schema in the prompt', async () => {
  const prompt = `Alice is 30. Reply with JSON. JSON schema: ${JSON.stringify(z.toJSONSchema(person))}`;
  const { object } = await generateObject({ ...ask, model: withoutSchemas(target.chat), schema: person, prompt });
  assert.deepEqual(object, { name: 'Alice', age: 30 });
});

test('generateText with an output', async () => {
  const { output } = await generateText({ ...ask, output: Output.object({ schema: person }), prompt: 'Bob is 25' });
  assert.deepEqual(output, { name: 'Bob', age: 25 });
});

test('image', async () => {
  const content = [
    { type: 'text', text: 'What color is this image?' },
    { type: 'image', image: Buffer.from(BLUE, 'base64'), mediaType: 'image/png' },
  ];
  const { text } = await generateText({ ...ask, model: withSchemas(target.vision), messages: [{ role: 'user', content }] });
  assert.match(text, /blue/);
});

test('reasoning', async () => {
  const { text, reasoningText } = await generateText({
    ...ask,
    model: withSchemas(target.reasoning),
    prompt: 'Why?',
    providerOptions: { gatehouse: { reasoningEffort: 'low' } },
  });
  assert.ok(text && reasoningText);
});

test('embedMany', async () => {
  const { embeddings } = await embedMany({ model: withSchemas.embeddingModel(target.embeddings), values: ['Hello', 'Goodbye'], maxRetries: 0 });
  assert.equal(embeddings.length, 2);
});

test('errors', async () => {
  await assert.rejects(generateText({ ...ask, model: withSchemas('gpt-4o'), prompt: 'Hello' }), (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 404);
    assert.equal(error.isRetryable, false);
    return true;
  });
});

test('streamText', { skip: streaming }, async () => {
  const result = streamText({ ...ask, model: counting(target.chat), prompt: 'Hello there, you' });
  const pieces = [];
  for await (const piece of result.textStream) pieces.push(piece);
  const { text } = await generateText({ ...ask, prompt: 'Hello there, you' });
  assert.equal(pieces.join(''), text);
  assert.ok(pieces.length > 1);
  assert.equal(await result.finishReason, 'stop');
  assert.ok((await result.usage).outputTokens > 0);
});

test('streamText with tools in several steps', { skip: streaming }, async () => {
  const result = streamText({
    ...ask,
    prompt: 'What is the weather in Paris?',
    tools: { get_weather: weather },
    stopWhen: stepCountIs(3),
  });
  assert.match(await result.text, /sunny/);
  assert.deepEqual((await result.steps)[0].toolCalls.map((call) => call.input), [{ city: 'Paris' }]);
});

test('streamText with reasoning', { skip: streaming }, async () => {
  const result = streamText({
    ...ask,
    model: withSchemas(target.reasoning),
    prompt: 'Why?',
    providerOptions: { gatehouse: { reasoningEffort: 'low' } },
  });
  assert.ok((await result.text) && (await result.reasoningText));
});

test('streamObject', { skip: streaming }, async () => {
  const { partialObjectStream, object } = streamObject({ ...ask, schema: person, prompt: 'Alice is 30' });
  let parts = 0;
  for await (const _ of partialObjectStream) parts++;
  assert.ok(parts > 1);
  assert.deepEqual(await object, { name: 'Alice', age: 30 });
});

test('streamText that fails', { skip: streaming }, async () => {
  for (const [model, prompt, text] of [[target.chat, 'Hello [[tokens 20]] [[fail after 3]]', /^1/], ['gpt-4o', 'Hello', /^$/]]) {
    const errors = [];
    let seen = '';
    const { fullStream } = streamText({ ...ask, model: withSchemas(model), prompt, onError: ({ error }) => errors.push(error) });
    for await (const part of fullStream) if (part.type === 'text-delta') seen += part.text;
    assert.equal(errors.length, 1);
    assert.match(seen, text);
  }
});
