// Random values that are the same in every run, so that a failure can be repeated.

// random returns a generator that begins with a seed (mulberry32).
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  const pick = (list) => list[below(list.length)];
  return {
    below,
    pick,
    // text is up to a length of these characters or pieces.
    text: (pieces, longest) => Array.from({ length: below(longest + 1) }, () => pick(pieces)).join(""),
    some: (list) => list.filter(() => next() < 0.5),
  };
}
