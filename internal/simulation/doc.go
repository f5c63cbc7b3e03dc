// Package simulation runs rotations of an origin key for a simulated year, by three
// algorithms, and counts which valid requests are refused and for how long a value
// that was replaced still opens the API.
//
// Requests are a stream and not events: an edge sends the value that it has at a
// constant rate, so what is refused is a rate times the length of a time. Where a
// cache's age or an authorizer's luck decides, the worst case counts for our
// algorithm, and a drawn one for the others.
package simulation
