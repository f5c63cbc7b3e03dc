// The API under test, as the environment variable CLIENT_SUITES describes it in JSON, and what the suites share.
export const target = JSON.parse(process.env.CLIENT_SUITES);

export const KEY = target.key;
export const TIMEOUT = 30_000;

// The reasons why tests don't run.
export const streaming = target.streams ? false : "the API doesn't stream";

// An image of one color: blue.
export const BLUE = 'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGUlEQVR4nGNkYPjPQApgIkn1qIZRDUNKAwA+MAEfWiW9ygAAAABJRU5ErkJggg==';
