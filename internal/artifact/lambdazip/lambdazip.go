// Package lambdazip packs a compiled function for Lambda.
//
// Lambda starts the file bootstrap, which must be executable in the archive: an archive
// that Pulumi makes of a folder has no file modes. The same program is packed to the same
// bytes at any time and on any machine.
//
// It is apart from package artifact so that the command builds without Pulumi's SDK.
package lambdazip

import (
	"archive/zip"
	"io"
	"time"
)

const (
	Bootstrap = "bootstrap"     // the file that Lambda starts
	Archive   = "bootstrap.zip" // the archive, beside it
)

// mode allows all users to read and execute the file, as Lambda requires.
const mode = 0o755

// modified is the file's time in the archive, the earliest of the format.
var modified = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Write writes the archive of a program.
func Write(w io.Writer, program io.Reader) error {
	archive := zip.NewWriter(w)
	header := &zip.FileHeader{Name: Bootstrap, Method: zip.Deflate, Modified: modified}
	header.SetMode(mode)
	file, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, program); err != nil {
		return err
	}
	return archive.Close()
}
