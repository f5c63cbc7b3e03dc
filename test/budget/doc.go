// Package budget explores the admission of requests exhaustively: its tests walk every
// state that clients' requests, an operator and time can bring the item of a client into,
// one call at a time, and look for one in which a promise of the budgets is broken. The
// decisions are those of internal/budget, and the writes are its expressions, evaluated
// by the rules of DynamoDB that dynamotest has.
//
// The promises, by the names that failures have:
//
//   - P1: a reserve is applied within the limit in force only, and what was truly used in
//     a window is never more than its counter says.
//   - P2: where requests may cost more than was held for them, a counter misses at most
//     that excess, of requests whose settlement has not been applied.
//   - P3: a crash costs the client at most the hold of its request, and the place of the
//     hold is free after the hold's life.
//   - P4: P1 holds with lost replies, repeats and calls that arrive late, and no repeat
//     counts twice.
//   - P5: after the operator's change has returned, no reserve is applied that the policy
//     doesn't allow.
//   - P6: a settlement changes the counter of its reserve's window only.
//   - P7: without crashes and lost calls, the counters are exact at the end, and no hold is
//     left.
//   - P8: no minute has more requests than the limit, and there are no more holds than the
//     limit of requests at once.
//   - P9: usage rows never add up to more than the counter. A row has what its request is
//     charged and is written once, so that this is P1 here, and equality is P7.
//   - P10: no request runs without a hold in the item.
//
// What takes part, and how each is more than the real one:
//
//   - Requests: three, with different amounts and two keys of one client. Each is
//     answered with its use, with no use, or with an unknown one, for which the most is
//     taken for true. Its function crashes between any two steps.
//   - Copies of the function: two. Each remembers the record of the last reply that it
//     got, however old, and decides by that. Its clock may be ahead of another's.
//   - Calls: each is applied and answered, applied with its reply lost, lost, or applied
//     at any later time, also after the settlement; each is tried three times. A pause of
//     any length may come before each.
//   - An operator: takes a key off, lowers the limits, suspends the client, changes the
//     period or unit of its budget, or deletes the client and creates it again.
//   - Time: four moments, between which minutes end, a window ends, and holds expire.
//
// How many crashes, lost calls and changes a story has is limited. States that differ in
// nothing that matters are merged: copies have no names, and what can't have an effect any
// more is dropped.
package budget
