// Package clientstore reads and writes the table of clients.
package clientstore
