// Package model explores the rotation of the origin key exhaustively: its tests walk every
// state that [keyring.Decide] and the world around it can get into, one API call at
// a time, and look for one in which a request may be rejected.
//
// What takes part, and how each is more than the real one:
//
//   - Rotators: two, and a third one's call. Each reads the clock and the
//     distribution, then the keyring, decides by the real Decide, and makes a call, with
//     any pause in between, as long as you like. It crashes before or after each; a
//     call is throttled, rejected by If-Match, or made again at any later time because
//     its response was lost. A tick, a duplicate of it, and a request to rotate come at
//     every moment; the interval needs no clock then.
//   - Names: a rotator's clock may be ahead of another's, so that a key that is added
//     later may have the older name.
//   - Parameter Store: what was changed this moment, a reader may see or not.
//   - CloudFront: the set of keys that some edge may send. A key joins it with the
//     update and leaves it when every edge has the configuration, at any time after.
//     So edges switch in any order, or back and forth, however many there are, and a
//     deployment takes as long as it likes. Requests that were sent until then arrive
//     until time passes.
//   - Two origins: one update changes the header of both, but nothing is assumed of how an
//     edge location takes it over. The set has what either origin may get, so an edge may
//     mix two configurations, and send one key to the HTTP API and another to the REST
//     API. The rotator takes headers that differ for a foreign one.
//   - Pulumi: any number of `up`s at once. Each reads the keyring, chooses a key as
//     [keyring.ForUpdate] does, by names and clocks that are not exact, and writes it
//     at any moment within its longest time, regardless of the ETag by then. With it, an
//     `up` may add the second origin or remove it.
//   - An intruder, who puts foreign headers into the distribution, for one origin or
//     both. Requests with these are rejected, of course; the guarantee is about all others.
//   - The authorizer: one key at a time is watched closely: an authorizer's cached keyring of
//     it, which may be read at any moment or be old, Parameter Store's failures, and
//     the responses that API Gateway caches. Any number of authorizers can do no more
//     than this one, since it does anything that one of them could. The same holds for the
//     caches of two APIs: what is watched is one of them, and whether a check at the other
//     fails is open. Where no key is
//     watched, the worst that any authorizer can do takes its place: it has just read
//     the keyring when the key comes.
//   - Time: a clock in coarse units. Anything that takes less than a unit happens at the
//     same moment in any order. The protocol's times are as short as they can be, by
//     one unit, and what must happen within a time has until its last moment.
//
// The end of a revocation, which flushes the caches of both APIs, is explored by itself,
// since it begins when the key has left the keyring: see [flushState].
//
// Names of keys that nothing refers to are dropped, so that there can be any number
// of rotations; how many keys have a name at once is limited, and one of the worlds
// never gets to that limit.
//
// Assumptions: CloudFront's reads show the last update, its ETags
// differ, Deployed means that every edge has it, and AWS's clocks differ by less than
// what the settings leave between the times.
package model
