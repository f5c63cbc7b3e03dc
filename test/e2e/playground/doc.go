// Package playground tests the page to try the API in a browser, through the whole stack: what
// a user sees of a conversation, of refusals and of broken streams, and that the page's policy
// lets it work. Its functions without a browser are tested beside it, in lambda/model, and
// its path with the setting off in that package as well.
//
// A screenshot is written to .local/playground.png, or to the file of -screenshot.
package playground
