// Package protocoltest explores the rotation of the origin key: its tests walk every
// state that [originkey.Decide] and the world around it can get into, one API call at
// a time, and look for one in which a request may be refused.
//
// What takes part, and how each is more than the real one:
//
//   - Rotators: two, and a third one's call. Each reads the clock and the
//     distribution, then the keyring, decides by the real Decide, and makes a call, with
//     any pause in between, as long as you like. It crashes before or after each; a
//     call is throttled, refused by If-Match, or made again at any later time because
//     its reply was lost. A tick, a duplicate of it, and a request to rotate come at
//     every moment; the interval needs no clock then.
//   - Names: a rotator's clock may be ahead of another's, so that a key that is added
//     later may have the older name.
//   - Parameter Store: what was changed this moment, a reader may see or not.
//   - CloudFront: the set of keys that some edge may send. A key joins it with the
//     update and leaves it when every edge has the configuration, at any time after.
//     So edges switch in any order, or back and forth, however many there are, and a
//     deployment takes as long as it likes. Requests that were sent until then arrive
//     until time passes.
//   - Pulumi: any number of `up`s at once. Each reads the keyring, chooses a key as
//     [originkey.ForUpdate] does, by names and clocks that are not exact, and writes it
//     at any moment within its longest time, whatever the ETag is by then.
//   - An intruder, who puts foreign headers into the distribution. Requests with these
//     are refused, of course; the promise is about all others.
//   - The front door: one key at a time is watched closely: an authorizer's memory of
//     it, which may be read at any moment or be old, Parameter Store's failures, and
//     the answers that API Gateway keeps. Any number of authorizers can do no more
//     than this one, since it does whatever one of them could. Where no key is
//     watched, the worst that any authorizer can do takes its place: it has just read
//     the keyring when the key comes.
//   - Time: a clock in coarse units. Whatever takes less than a unit happens at the
//     same moment in any order. The protocol's times are as short as they can be, by
//     one unit, and what has to happen within a time has until its last moment.
//
// Names of keys that nothing refers to are forgotten, so that there can be any number
// of rotations; how many keys have a name at once is limited, and one of the worlds
// never gets to that limit.
//
// What is taken for granted: CloudFront's reads show the last update, its ETags
// differ, Deployed means that every edge has it, and AWS's clocks differ by less than
// what the settings leave between the times.
package model
