// Package budgets has end-to-end tests of clients and their budgets on the local stack: many
// clients send requests at once while calls of the table fail or are late, functions are
// killed, a key is revoked and a budget lowered. A model that counts what each client used
// shows that no client exceeds its budget. In the same run, protocols that others use
// exceed it.
package budgets
