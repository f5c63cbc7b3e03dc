// Package getter replaces hashicorp/go-getter, with which the bridge downloads Terraform
// modules and providers. This plugin takes a provider that is on the machine, and compiles
// in less time without the SDKs of the clouds from which go-getter downloads.
package getter

import (
	"context"
	"errors"
	"io"
	"os"
)

var errLeftOut = errors.New("downloads of Terraform modules and providers are left out of this plugin: install the provider")

// Detector recognizes one kind of source.
type Detector interface{}

// Detectors is empty.
var Detectors []Detector

// Detect always fails.
func Detect(string, string, []Detector) (string, error) { return "", errLeftOut }

// Get always fails.
func Get(string, string) error { return errLeftOut }

// Copy always fails.
func Copy(context.Context, io.Writer, io.Reader) (int64, error) { return 0, errLeftOut }

// SourceDirSubdir finds no folder within a source.
func SourceDirSubdir(source string) (string, string) { return source, "" }

// SubdirGlob always fails.
func SubdirGlob(string, string) (string, error) { return "", errLeftOut }

// FolderStorage is empty.
type FolderStorage struct{ StorageDir string }

// Get always fails.
func (*FolderStorage) Get(string, string, bool) error { return errLeftOut }

// Dir always fails.
func (*FolderStorage) Dir(string) (string, bool, error) { return "", false, errLeftOut }

// ZipDecompressor unpacks nothing.
type ZipDecompressor struct{}

// Decompress always fails.
func (ZipDecompressor) Decompress(string, string, bool, os.FileMode) error { return errLeftOut }
