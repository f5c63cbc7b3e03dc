package kubeconfig

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
)

// include inlines the files that the kubeconfig refers to. Like kubectl, it resolves their
// paths relative to the kubeconfig; the provider would use its own working directory.
func (f file) include(folder string) error {
	for _, c := range f.Clusters {
		if err := includeFile(c.Cluster, "certificate-authority", folder); err != nil {
			return err
		}
	}
	for _, u := range f.Users {
		for _, key := range []string{"client-certificate", "client-key"} {
			if err := includeFile(u.User, key, folder); err != nil {
				return err
			}
		}
		if err := resolveCommands(u.User, folder); err != nil {
			return err
		}
	}
	return nil
}

// includeFile replaces a file's name with its content, under the same key with the suffix
// -data. Like kubectl, it gives precedence to content that exists already.
func includeFile(part map[string]any, key, folder string) error {
	name, given := part[key].(string)
	if !given || name == "" {
		return nil
	}
	delete(part, key)
	if data, has := part[key+"-data"].(string); has && data != "" {
		return nil
	}
	content, err := os.ReadFile(resolve(name, folder))
	if err != nil {
		return missing(key, name, err)
	}
	part[key+"-data"] = base64.StdEncoding.EncodeToString(content)
	return nil
}

// resolveCommands makes the paths of token files and credential plugins absolute. Their
// results are not inlined: they would be out of date at the next update. A command without
// a path is looked up in PATH.
func resolveCommands(user map[string]any, folder string) error {
	if name, ok := user["tokenFile"].(string); ok && name != "" {
		path, err := filepath.Abs(resolve(name, folder))
		if err != nil {
			return err
		}
		user["tokenFile"] = path
	}
	plugin, ok := user["exec"].(map[string]any)
	if !ok {
		return nil
	}
	command, _ := plugin["command"].(string)
	if !strings.ContainsRune(command, filepath.Separator) {
		return nil
	}
	path, err := filepath.Abs(resolve(command, folder))
	plugin["command"] = path
	return err
}

func resolve(name, folder string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(folder, name)
}
