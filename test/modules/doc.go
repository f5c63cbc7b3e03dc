// Package modules checks that all Go modules of the repository require the same version of
// each module that they share. They share Go's build cache as well: a package of another
// version is downloaded and compiled once more.
package modules
