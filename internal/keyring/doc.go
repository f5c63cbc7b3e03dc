// Package originkey is the key ring that locks the front door.
//
// CloudFront adds a secret header to each request that it sends to the API; the
// authorizer accepts it when its value is that of any key in the ring. Which key
// is in use is not stored anywhere: CloudFront says it. [Decide] says what a
// rotator is to do next; it is explored exhaustively in package protocoltest.
//
// Nothing here reads a clock, draws a random number or calls AWS, so that the
// Lambdas and the tests share one set of rules.
package keyring
