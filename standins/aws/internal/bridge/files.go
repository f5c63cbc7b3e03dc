package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// Files keeps the content of archives and assets in files named by their hash, because Terraform
// takes paths: the same content has the same path, so that a plan has no change.
type Files struct {
	mutex sync.Mutex
	made  string // the folder, once created
}

func (f *Files) folder() (string, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.made != "" {
		return f.made, nil
	}
	made, err := os.MkdirTemp("", "pulumi-resource-aws-files-")
	if err != nil {
		return "", fmt.Errorf("make a folder for archives: %w", err)
	}
	f.made = made
	return made, nil
}

// Close removes the files.
func (f *Files) Close() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return os.RemoveAll(f.made) // does nothing if none was created
}

// lower turns the SDK's values into Terraform's.
func (f *Files) lower(write bool) convert {
	return func(kind table.Kind, v resource.PropertyValue) (resource.PropertyValue, error) {
		switch {
		case v.IsAsset(), v.IsArchive():
			path, err := f.path(v)
			if err == nil && write && hasContents(v) {
				err = f.write(path, v)
			}
			return resource.NewStringProperty(path), err
		case v.IsResourceReference():
			return v.ResourceReferenceValue().ID, nil
		case kind == table.Any && v.IsObject():
			return document(v)
		}
		return v, nil
	}
}

// document encodes an object as the JSON that Terraform takes.
func document(v resource.PropertyValue) (resource.PropertyValue, error) {
	if v.ContainsUnknowns() {
		return resource.MakeComputed(resource.NewStringProperty("")), nil
	}
	secret := v.ContainsSecrets()
	text, err := json.Marshal(plain(v))
	if err != nil {
		return v, fmt.Errorf("write the document as JSON: %w", err)
	}
	if secret {
		return resource.MakeSecret(resource.NewStringProperty(string(text))), nil
	}
	return resource.NewStringProperty(string(text)), nil
}

// plain returns the value without marks of secrecy or origin.
func plain(v resource.PropertyValue) any {
	return v.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		switch {
		case v.IsSecret():
			return plain(v.SecretValue().Element), true
		case v.IsOutput():
			return plain(v.OutputValue().Element), true
		case v.IsResourceReference():
			return plain(v.ResourceReferenceValue().ID), true
		}
		return nil, false
	})
}

// raise turns Terraform's values into the SDK's; a path becomes the archive or asset among the originals that
// it was made from.
func raise(originals map[string]resource.PropertyValue) convert {
	return func(kind table.Kind, v resource.PropertyValue) (resource.PropertyValue, error) {
		if !v.IsString() {
			return v, nil
		}
		text := v.StringValue()
		switch kind {
		case table.Archive, table.Asset:
			if original, ok := originals[text]; ok {
				return original, nil
			}
		case table.Bool:
			if b, err := strconv.ParseBool(text); err == nil {
				return resource.NewBoolProperty(b), nil
			}
			return resource.NewNullProperty(), nil
		case table.Number:
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				return resource.NewNumberProperty(n), nil
			}
			return resource.NewNullProperty(), nil
		}
		return v, nil
	}
}

// originals notes the archives and assets in the properties by path.
func (f *Files) originals(k *kinds, p resource.PropertyMap, found map[string]resource.PropertyValue) error {
	_, err := k.each(p, func(_ table.Kind, v resource.PropertyValue) (resource.PropertyValue, error) {
		if !v.IsAsset() && !v.IsArchive() {
			return v, nil
		}
		path, err := f.path(v)
		found[path] = v
		return v, err
	})
	return err
}

// hasContents is false for one from the state: the engine sends its hash alone.
func hasContents(v resource.PropertyValue) bool {
	if v.IsArchive() {
		return v.ArchiveValue().HasContents()
	}
	return v.AssetValue().HasContents()
}

func (f *Files) path(v resource.PropertyValue) (string, error) {
	folder, err := f.folder()
	if err != nil {
		return "", err
	}
	if v.IsArchive() {
		a := v.ArchiveValue()
		if err := a.EnsureHash(); err != nil {
			return "", fmt.Errorf("read the archive: %w", err)
		}
		return filepath.Join(folder, a.Hash+".zip"), nil
	}
	a := v.AssetValue()
	if err := a.EnsureHash(); err != nil {
		return "", fmt.Errorf("read the asset: %w", err)
	}
	return filepath.Join(folder, a.Hash), nil
}

func (f *Files) write(path string, v resource.PropertyValue) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var content []byte
	var err error
	if v.IsArchive() {
		content, err = v.ArchiveValue().Bytes(archive.ZIPArchive)
	} else {
		content, err = v.AssetValue().Bytes()
	}
	if err != nil {
		return fmt.Errorf("read what is to be uploaded: %w", err)
	}
	// Another resource may upload the same content at the same time.
	temp, err := os.CreateTemp(filepath.Dir(path), "writing-")
	if err != nil {
		return err
	}
	if _, err := temp.Write(content); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
