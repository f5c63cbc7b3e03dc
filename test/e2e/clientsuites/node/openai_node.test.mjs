// OpenAI's client for Node.
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { BLUE, KEY, streaming, target, TIMEOUT } from './target.mjs';

const client = new OpenAI({ baseURL: target.url, apiKey: KEY, maxRetries: 0, timeout: TIMEOUT });
const hello = [{ role: 'user', content: 'Hello' }];
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const Refused = target.gateway ? OpenAI.UnprocessableEntityError : OpenAI.BadRequestError;

test('models', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes(target.chat));
  for (const id of ids) assert.equal((await client.models.retrieve(id)).id, id);
  await assert.rejects(client.models.retrieve('no/such:model'), OpenAI.NotFoundError);
});

test('completion', async () => {
  const done = await client.chat.completions.create({ model: target.chat, messages: hello, max_completion_tokens: 50 });
  assert.ok(done.choices[0].message.content);
  assert.equal(done.usage.total_tokens, done.usage.prompt_tokens + done.usage.completion_tokens);
});

test('tools loop', async () => {
  const asked = [];
  const runner = client.chat.completions.runTools({
    model: target.chat,
    messages: [{ role: 'user', content: 'What is the weather in Paris and London?' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'Get the current weather of a city',
          parameters,
          parse: JSON.parse,
          function: ({ city }) => {
            asked.push(city);
            return `${city} is sunny`;
          },
        },
      },
    ],
  });
  assert.match(await runner.finalContent(), /Paris is sunny[^]*London is sunny/);
  assert.deepEqual(asked, ['Paris', 'London']);
});

test('parse', async () => {
  const person = z.object({ name: z.string(), age: z.number().int(), email: z.string().nullable() });
  const done = await client.chat.completions.parse({
    model: target.chat,
    messages: [{ role: 'user', content: 'Alice is 30' }],
    response_format: zodResponseFormat(person, 'person'),
  });
  assert.deepEqual(done.choices[0].message.parsed, { name: 'Alice', age: 30, email: null });
});

test('image', async () => {
  const content = [
    { type: 'text', text: 'What color is this image?' },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${BLUE}` } },
  ];
  const done = await client.chat.completions.create({ model: target.vision, messages: [{ role: 'user', content }] });
  assert.match(done.choices[0].message.content, /blue/);
});

test('embeddings', async () => {
  const done = await client.embeddings.create({ model: target.embeddings, input: ['Hello', 'Goodbye'], dimensions: 256 });
  assert.deepEqual(done.data.map((item) => item.embedding.length), [256, 256]);
});

test('errors', async () => {
  await assert.rejects(client.chat.completions.create({ model: 'gpt-4o', messages: hello }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, 'model_not_found');
    return true;
  });
  await assert.rejects(client.chat.completions.create({ model: target.chat, messages: hello, temperature: 5 }), Refused);
});

const stream = (content, more = {}) =>
  client.chat.completions.create({ model: target.chat, messages: [{ role: 'user', content }], stream: true, ...more });

const collect = async (chunks) => {
  const all = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
};

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

test('stream', { skip: streaming }, async () => {
  const whole = await client.chat.completions.create({ model: target.chat, messages: [{ role: 'user', content: 'Hello there, you' }] });
  const chunks = await collect(await stream('Hello there, you'));
  assert.equal(textOf(chunks), whole.choices[0].message.content);
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
  assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
  assert.ok(chunks.length > 3 && chunks.every((chunk) => !chunk.usage));
});

test('stream with usage', { skip: streaming }, async () => {
  const chunks = await collect(await stream('Hello', { stream_options: { include_usage: true } }));
  const last = chunks.at(-1);
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage.total_tokens, last.usage.prompt_tokens + last.usage.completion_tokens);
});

test('stream helper', { skip: streaming }, async () => {
  const helper = client.chat.completions.stream({ model: target.chat, messages: hello });
  assert.ok(await helper.finalContent());
});

test('stream with tools', { skip: streaming }, async () => {
  const asked = [];
  const runner = client.chat.completions.runTools({
    model: target.chat,
    stream: true,
    messages: [{ role: 'user', content: 'What is the weather in Paris and London?' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'Get the current weather of a city',
          parameters,
          parse: JSON.parse,
          function: ({ city }) => {
            asked.push(city);
            return `${city} is sunny`;
          },
        },
      },
    ],
  });
  assert.match(await runner.finalContent(), /Paris is sunny[^]*London is sunny/);
  assert.deepEqual(asked, ['Paris', 'London']);
});

test('stream that is aborted', { skip: streaming }, async () => {
  const chunks = await stream('one two three [[pace 20ms]] [[tokens 50]]');
  let seen = 0;
  for await (const _ of chunks) {
    if (++seen === 3) chunks.controller.abort();
  }
  assert.ok(seen >= 3 && seen < 40);
  assert.equal(textOf(await collect(await stream('the next one'))), 'the next one');
});

test('errors of a stream', { skip: streaming }, async () => {
  await assert.rejects(stream('Hello', { model: 'gpt-4o' }), OpenAI.NotFoundError);
  await assert.rejects(stream('Hello', { temperature: 5 }), Refused);
  const seen = [];
  const read = async () => {
    for await (const chunk of await stream('Hello [[tokens 20]] [[fail after 3]]')) seen.push(chunk);
  };
  await assert.rejects(read(), (error) => error instanceof OpenAI.APIError && Boolean(error.message));
  assert.ok(textOf(seen));
});
