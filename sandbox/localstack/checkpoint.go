package localstack

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// backup ends the name of the copy that the file backend makes of the state before it
// writes a new one. It has no other protection against being killed meanwhile.
const backup = ".bak"

func (s Stack) backups() []string {
	return s.files("stacks", "*", pulumicli.StackName+".json"+backup)
}

// restore puts the copy in the place of a state that is gone, or of which only a part
// was written. Nothing is lost with that part: what a state is written for begins
// after it was.
func (s Stack) restore() error {
	for _, copied := range s.backups() {
		path := strings.TrimSuffix(copied, backup)
		state, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if json.Valid(state) {
			continue
		}
		before, err := os.ReadFile(copied)
		if err != nil {
			return err
		}
		s.Say("  the deployment was killed while it wrote its state: the one before is taken")
		if err := checkout.WriteFile(path, before, 0o600); err != nil {
			return err
		}
	}
	return nil
}
